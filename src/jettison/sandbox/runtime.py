"""Which OCI runtime this host has."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from jettison.errors import HostError
from jettison.linux.mount import mount
from jettison.sandbox.cgroup import writable
from jettison.sandbox.oci import CLEAN_ENVIRONMENT, COMMAND_TIMEOUT_S, Runtime, RuntimeKind, call
from jettison.sandbox.space import mount_space

_VERSION: Final = re.compile(r"(crun|runc) version (\S+)")
_PROBE: Final = {
    "ociVersion": "1.0.2",
    "root": {"path": "/run/root"},
    "process": {"args": ["/none"], "cwd": "/", "user": {"uid": 0, "gid": 0}, "env": ["HOME=/"]},
    "mounts": [{"type": "proc", "source": "proc", "destination": "/proc"}],
    "linux": {"namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount", "network")]},
}
_HINT: Final = "install the package crun or runc (`apt-get install crun`)"


def find_runtime() -> Runtime:
    """The runtime to use: the one `$JETTISON_RUNTIME` names, else crun if it works here, else runc.

    crun starts containers several times faster. A runtime works when it can set a container up whose only
    fault is that its program does not exist. Raises HostError, with what each candidate said.
    """
    wanted = os.environ.get("JETTISON_RUNTIME")
    names = [wanted] if wanted else [kind.value for kind in RuntimeKind]
    found = [runtime for name in names if (runtime := identify(name)) is not None]
    if not found:
        what = (
            f"JETTISON_RUNTIME={wanted}: not crun or runc" if wanted else "neither crun nor runc is installed"
        )
        raise HostError(what, hint=_HINT)
    return _first_that_works(found)


def identify(name: str) -> Runtime | None:
    """The runtime that the command `name` (or path) is; None when there is none, or none that is known
    here."""
    path = shutil.which(name)
    return None if path is None else _ask(path)


@functools.cache
def _ask(path: str) -> Runtime | None:
    try:
        done = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=CLEAN_ENVIRONMENT,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(done.stdout.decode("utf-8", "replace"))
    return Runtime(kind=RuntimeKind(match[1]), path=Path(path), version=match[2]) if match else None


def _first_that_works(candidates: list[Runtime]) -> Runtime:
    complaints = []
    for runtime in candidates:
        complaint = probe(runtime)
        if not complaint:
            return replace(runtime, cgroups=writable())
        complaints.append(f"{runtime.path}: {complaint}")
    raise HostError("no OCI runtime works on this host", hint=_HINT, details=tuple(complaints))


@functools.cache
def probe(runtime: Runtime) -> str:
    """Why `runtime` cannot set a container up on this host; empty when it can. The host sees nothing of the
    attempt."""
    with mount_space() as space:
        return space.run(_attempt, replace(runtime, cgroups=False))


def _attempt(runtime: Runtime) -> str:
    folder = Path("/run")  # of this thread's own mount namespace
    mount("tmpfs", folder, "tmpfs", options="mode=700")
    for name in ("root/proc", "root/dev", "state"):
        (folder / name).mkdir(parents=True)
    (folder / "config.json").write_bytes(msgspec.json.encode(_PROBE))
    name = f"jettison-probe-{os.getpid()}"
    log = folder / "log"
    done = call(runtime.command(folder, log, "create", "--bundle", str(folder), name), log=log)
    no_such_program = "not found" in done.message or "no such file" in done.message
    return (
        "" if done.code and no_such_program else done.message or "a program that does not exist was started"
    )
