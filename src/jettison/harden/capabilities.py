"""Which capabilities stay when all are dropped: those that were used, and how to do without."""

from __future__ import annotations

from typing import Final

from jettison.harden.model import Capability, RunAs
from jettison.observe.evidence import Checks, Evidence, Phase
from jettison.sandbox.spec import CAPABILITIES

_REMEDIES: Final = {
    "CAP_NET_BIND_SERVICE": "listen on a port above 1023",
    "CAP_CHOWN": "set the owner when the image is built (COPY --chown)",
    "CAP_FOWNER": "set the owner when the image is built (COPY --chown)",
    "CAP_DAC_OVERRIDE": "give the files to the user who uses them (COPY --chown)",
    "CAP_DAC_READ_SEARCH": "give the files to the user who uses them (COPY --chown)",
    "CAP_SETUID": "start as the user it becomes (USER)",
    "CAP_SETGID": "start as the user it becomes (USER)",
    "CAP_SETPCAP": "start as the user it becomes (USER)",
    "CAP_KILL": "run all its processes as one user",
    "CAP_SYS_CHROOT": "leave the isolation to the container",
    "CAP_NET_RAW": "use another way than raw sockets, as ping with datagram sockets",
    "CAP_MKNOD": "make no device files",
}


def minimum(evidence: Evidence, run_as: RunAs) -> tuple[Capability, ...]:
    """What was used, among what container engines give; for an ordinary user none: it has none to use."""
    if not run_as.root or evidence.capabilities is None:
        return ()
    used = {name: found.used for name, found in evidence.capabilities.items() if found.used.phases}
    return tuple(
        Capability(
            name=name,
            because=_because(used[name]),
            start_only=used[name].phases <= {Phase.START},
            remedy=_REMEDIES.get(name, ""),
        )
        for name in CAPABILITIES
        if name in used
    )


def _because(checks: Checks) -> str:
    programs = ", ".join(sorted({path.rpartition("/")[2] for path in checks.by}))
    calls = ", ".join(sorted(checks.calls)[:3])
    when = "only while it started" if checks.phases <= {Phase.START} else "also while it served"
    return f"{programs or 'the application'} used it in {calls or 'a system call'}, {when}"
