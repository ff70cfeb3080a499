"""What this host offers for running and observing containers, as data; and what earlier runs left behind."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from jettison.errors import HostError
from jettison.linux import bpf, seccomp
from jettison.linux.namespaces import has_one_id, in_user_namespace
from jettison.sandbox.advisories import concerning
from jettison.sandbox.cgroup import layout, writable
from jettison.sandbox.journal import Journal, state_folder
from jettison.sandbox.overlay import link_layers, mount_layers, take_down
from jettison.sandbox.rootless import REMEDY, obstacle
from jettison.sandbox.runtime import find_runtime
from jettison.sandbox.space import mount_space

_SPACE_BYTES = 2_000_000_000
"""Free space under which a large image may not fit."""


class Check(Struct, frozen=True, omit_defaults=True):
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    """What to do when it is not ok."""
    required: bool = False
    """Nothing can be run without it."""


def checks() -> list[Check]:
    """Everything that matters on this host. What is tried out leaves nothing; what others left is not
    touched.

    Without root, `become_root` should come first: then this tells what its user namespace offers.
    """
    privileges = _privileges()
    can_run = [_overlay(), *_runtime()] if os.geteuid() == 0 else []
    observing = [_notify(), *_recording(), _cgroups()]
    return [privileges, *can_run, *observing, _space(), _engine(), *_tools(), _leftovers()]


def clear_leftovers() -> list[str]:
    """Undo what runs left behind that were killed; what was undone. Raises HostError."""
    with Journal() as journal:
        return [record.describe() for record in journal.sweep()]


def _privileges() -> Check:
    if os.geteuid() == 0:
        if has_one_id():
            return Check("privileges", False, "root of a user namespace that has no other id", REMEDY)
        who = "root of a user namespace, not of this host" if in_user_namespace() else "root"
        return Check("privileges", True, who, required=True)
    error = obstacle()
    if error is None:
        return Check("privileges", True, "not root: user namespaces are used", required=True)
    return Check("privileges", False, str(error), error.hint, required=True)


def _overlay() -> Check:
    """Mounts one where the root file systems of runs will be."""
    try:
        with Journal() as journal, journal.temporary() as folder, mount_space() as space:
            for name in ("upper", "work", "merged"):
                (folder / name).mkdir()
            space.run(mount_layers, folder, link_layers(folder, []))
            space.run(take_down, folder / "merged")
    except HostError as error:
        return Check("overlay", False, str(error), error.hint, required=True)
    return Check("overlay", True, f"works in {state_folder()}", required=True)


def _runtime() -> Iterator[Check]:
    try:
        runtime = find_runtime()
    except HostError as error:
        detail = "; ".join((str(error), *error.details))
        yield Check("OCI runtime", False, detail, error.hint, required=True)
        return
    yield Check("OCI runtime", True, f"{runtime.path} {runtime.version}", required=True)
    known = concerning(runtime)
    yield Check(
        "runtime version",
        not known,
        f"{runtime.kind} {runtime.version} is older than the fixes of {', '.join(known)}"
        if known
        else f"no known way out of {runtime.kind} {runtime.version}",
        "update it, unless your distribution ported the fixes back; run only images that you trust so far",
    )


def _notify() -> Check:
    kernel = os.uname().release
    remedy = "Linux 5.9 or later is needed, with CONFIG_SECCOMP_FILTER"
    return Check("seccomp notification", seccomp.available(), f"Linux {kernel}", remedy, required=True)


def _recording() -> Iterator[Check]:
    """What the evidence can hold beyond paths; tried out."""
    elsewhere = "observe as root of an x86-64 host, outside of containers, and give the result as --evidence"
    obstacle = bpf.obstacle()
    calls = obstacle or bpf.attachable(bpf.SYSTEM_CALLS)
    yield Check(
        "exact system calls",
        not calls,
        calls or "recorded by programs in the kernel (BPF)",
        f"{elsewhere}; without, no seccomp profile is derived and the engine's own list stays",
    )
    checks = obstacle or bpf.attachable(bpf.CAPABILITY_CHECKS)
    yield Check(
        "exact capabilities",
        not checks,
        bpf.NO_CAPABILITIES if checks == os.strerror(errno.ENOENT) else checks or "recorded likewise",
        f"{elsewhere}, with Linux 6.14 or later; without, which are needed is only found by trying",
    )


def _cgroups() -> Check:
    return Check(
        "cgroups",
        writable(),
        f"{layout().value}, {'writable' if writable() else 'not writable'}",
        "memory, CPU and processes are not measured and not limited without them",
    )


def _space() -> Check:
    folder = state_folder()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return Check(
        "free space",
        free > _SPACE_BYTES,
        f"{free / 1e9:.1f} GB in {folder}",
        "large images may not fit; free some space or set XDG_STATE_HOME",
    )


def _engine() -> Check:
    host = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    if not host.startswith("unix://"):
        return Check("Docker engine", True, f"DOCKER_HOST is {host.partition('@')[2] or host}")
    socket = Path(host.removeprefix("unix://"))
    remedy = "start it or set DOCKER_HOST; archives, OCI layouts and registries need no engine"
    if not socket.is_socket():
        return Check("Docker engine", False, f"no socket {socket}", remedy)
    usable = os.access(socket, os.W_OK)
    return Check("Docker engine", usable, f"{socket}{'' if usable else ': no permission'}", remedy)


def _tools() -> Iterator[Check]:
    uses = (
        ("unshare", "for running without root", "util-linux"),
        ("newuidmap", "for running without root", "uidmap"),
        ("podman", "as a source and a sink of images", "podman"),
    )
    for tool, use, package in uses:
        path = shutil.which(tool)
        yield Check(tool, path is not None, path or f"not installed; used {use}", f"install {package}")


def _leftovers() -> Check:
    try:
        with Journal() as journal:
            left = [record.describe() for record in journal.leftovers()]
    except HostError as error:
        return Check("journal", False, str(error), error.hint, required=True)
    detail = (
        f"left by runs that were killed: {', '.join(left)}" if left else "nothing is left of earlier runs"
    )
    return Check("leftovers", not left, detail, "jettison doctor --clear, or just the next run")
