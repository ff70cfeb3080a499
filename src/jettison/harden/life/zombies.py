"""Whether the first process of a container reaps orphans.

A process that loses its parent becomes a child of the first one in its PID namespace; when it ends, it stays
in the table of processes until that one waits for it. Orphans are made from outside: a thread of ours enters
the PID namespace with setns(2), which counts for the children it forks from then on. So nothing of the image
is needed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import warnings
from pathlib import Path

from jettison.linux.namespaces import Namespace, enter
from jettison.workload.processes import family

ORPHANS = 50
_PATIENCE_S = 1.0
"""How long the first process may take to reap them; those that do, do so at once."""


def storm(pid: int, count: int = ORPHANS) -> tuple[int, int] | None:
    """Make `count` orphans in the PID namespace of `pid`, its first process, and let them end.

    Gives how many were made, and how many are zombies after a second; None where this host does not let us
    in, or the container ended.
    """
    before = set(family(pid))
    if not _in_thread(pid, count):
        return None
    deadline = time.monotonic() + _PATIENCE_S
    while (new := set(family(pid)) - before) and time.monotonic() < deadline:
        time.sleep(0.05)  # they may not even have ended yet
    return (count, sum(map(_is_zombie, new))) if Path(f"/proc/{pid}").exists() else None


def _is_zombie(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] == b"Z"
    return False


def _in_thread(pid: int, count: int) -> bool:
    """Run `_make` in a thread that ends afterwards: there is no way back out of the namespace for it."""
    done: list[bool] = []
    thread = threading.Thread(target=lambda: done.append(_make(pid, count)), name="jettison-storm")
    thread.start()
    thread.join()
    return bool(done and done[0])


def _make(pid: int, count: int) -> bool:
    """Fork a parent into the namespace, let it fork children and end, then let those end.

    They wait for the end of a pipe, which only this process holds open: none ends before it is an orphan.
    """
    try:
        enter(f"/proc/{pid}/ns/pid", Namespace.PID)
        reader, writer = os.pipe2(os.O_CLOEXEC)
    except OSError:
        return False
    try:
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            parent = (
                os.fork()
            )  # other threads' locks do not matter: the child makes system calls and nothing else
    except OSError:
        os.close(reader)
        os.close(writer)
        return False
    if parent == 0:
        _parent(reader, writer, count)
    os.close(reader)
    try:
        _, status = os.waitpid(parent, 0)
    except ChildProcessError:
        status = 0  # somebody else of this process took it
    finally:
        os.close(writer)
    return status == 0


def _parent(reader: int, writer: int, count: int) -> None:
    """The life of the process in the namespace; never returns."""
    try:
        os.close(writer)
        for _ in range(count):
            if os.fork() == 0:
                signal.alarm(10)
                os.read(reader, 1)
                os._exit(0)
        os._exit(0)
    finally:
        os._exit(1)
