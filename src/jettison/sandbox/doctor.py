"""What this host offers for running and observing containers, as data; and what earlier runs left behind."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from jettison.errors import HostError
from jettison.linux import seccomp
from jettison.sandbox.cgroup import layout, writable
from jettison.sandbox.journal import Journal, state_folder
from jettison.sandbox.runtime import find_runtime

_SECURE = {"runc": (1, 2, 8), "crun": (1, 24)}
"""Versions that have the fixes for the escapes of 2025 (CVE-2025-31133, CVE-2025-52565, CVE-2025-52881);
distributions port them back to older ones."""
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
    """Everything that matters on this host; looks only, changes nothing."""
    return [
        *_runtime(),
        _notify(),
        _privileges(),
        _cgroups(),
        _space(),
        *_tools(),
        _leftovers(),
    ]


def clear_leftovers() -> list[str]:
    """Undo what runs left behind that were killed; what was undone. Raises HostError."""
    with Journal() as journal:
        return [record.describe() for record in journal.sweep()]


def _runtime() -> Iterator[Check]:
    try:
        runtime = find_runtime()
    except HostError as error:
        detail = "; ".join((str(error), *error.details))
        yield Check("OCI runtime", False, detail, error.hint, required=True)
        return
    yield Check("OCI runtime", True, f"{runtime.path} {runtime.version}", required=True)
    floor = _SECURE[runtime.kind]
    if _numbers(runtime.version) < floor:
        wanted = ".".join(map(str, floor))
        yield Check(
            "runtime version",
            False,
            f"{runtime.kind} {runtime.version} is older than {wanted}, which mends known escapes",
            "update it, unless your distribution ported the fixes back; slim only images you trust to run",
        )


def _notify() -> Check:
    kernel = os.uname().release
    remedy = "Linux 5.9 or later is needed, with CONFIG_SECCOMP_FILTER"
    return Check("seccomp notification", seccomp.available(), f"Linux {kernel}", remedy, required=True)


def _privileges() -> Check:
    if os.geteuid() == 0:
        return Check("privileges", True, "root", required=True)
    missing = [tool for tool in ("unshare", "newuidmap", "newgidmap") if shutil.which(tool) is None]
    return Check(
        "privileges",
        not missing,
        "not root: user namespaces are used"
        if not missing
        else "not root, and without " + ", ".join(missing),
        "install util-linux and uidmap, or run it as root",
        required=True,
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


def _tools() -> Iterator[Check]:
    host = os.environ.get("DOCKER_HOST", "")
    socket = (
        Path(host.removeprefix("unix://")) if host.startswith("unix://") else Path("/var/run/docker.sock")
    )
    if host and not host.startswith("unix://"):
        yield Check("Docker engine", True, f"DOCKER_HOST is {host.partition('@')[2] or host}")
    else:
        remedy = "start it or set DOCKER_HOST; archives and OCI layouts need no engine"
        yield Check("Docker engine", socket.is_socket(), str(socket), remedy)
    for tool, use in (("unshare", "running without root"), ("nsenter", "looking into containers")):
        path = shutil.which(tool)
        yield Check(tool, path is not None, path or "not installed", f"needed for {use}: install util-linux")


def _leftovers() -> Check:
    try:
        with Journal() as journal:
            left = [record.describe() for record in journal.leftovers()]
    except HostError as error:
        return Check("journal", False, str(error), error.hint, required=True)
    detail = (
        "nothing is left of earlier runs" if not left else "left by a run that was killed: " + ", ".join(left)
    )
    return Check("leftovers", not left, detail, "jettison doctor --clear, or just the next run")


def _numbers(version: str) -> tuple[int, ...]:
    digits = version.partition("+")[0].partition("-")[0].split(".")
    return tuple(int(part) if part.isdigit() else 0 for part in digits)
