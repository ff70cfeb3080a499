"""Processes: prctl(2), pidfds, and what /proc says about identity."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
from pathlib import Path

from jettison.linux.libc import check, libc

_PR_SET_CHILD_SUBREAPER = 36
_ROUNDS = 20
"""How often processes that were forked meanwhile are looked for."""


def become_subreaper() -> None:
    """Make orphaned descendants children of this process, so that it can wait for them
    (PR_SET_CHILD_SUBREAPER)."""
    zero = ctypes.c_ulong(0)
    check(libc.prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(1), zero, zero, zero))


def pid_namespace(pid: int) -> str:
    """The identity of the PID namespace that `pid` is in; empty when the process is gone."""
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/{pid}/ns/pid")
    return ""


def children_in(namespaces: set[str]) -> set[int]:
    """Children of this process, adopted ones and ended ones too, that are in one of these PID namespaces."""
    children: set[int] = set()
    for thread in os.listdir("/proc/self/task"):
        with contextlib.suppress(OSError):  # a thread may just have ended
            children.update(map(int, Path(f"/proc/self/task/{thread}/children").read_text().split()))
    return {pid for pid in children if _is_in(pid, namespaces)}


def _is_in(pid: int, namespaces: set[str]) -> bool:
    """Without root, the namespace of an ended process may be hidden: then any namespace below ours counts."""
    try:
        return os.readlink(f"/proc/{pid}/ns/pid") in namespaces
    except PermissionError:
        return _has_ended(pid) and _depth(pid) > _depth(os.getpid())
    except OSError:
        return False


def _has_ended(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] == b"Z"
    return False


def _depth(pid: int) -> int:
    """How many PID namespaces a process is in, one inside the other (proc(5), NSpid)."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text("utf-8", "replace").splitlines():
            if line.startswith("NSpid:"):
                return len(line.split())
    return 0


def zombies(namespace: str) -> int:
    """How many processes of the PID namespace have ended without their parents, in that namespace, having
    asked how."""
    found = 0
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        with contextlib.suppress(OSError):
            state, parent, *_ = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
            found += state == b"Z" and namespace == pid_namespace(pid) == pid_namespace(int(parent))
    return found


def reap(namespaces: set[str]) -> None:
    """Take the status of children that have ended in one of these PID namespaces.

    The first process of a namespace cannot end before the status of every other one was taken; those that
    this process adopted wait for it.
    """
    for pid in children_in(namespaces):
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def kill_by_arguments(*arguments: bytes) -> None:
    """SIGKILL the processes that have these consecutive `arguments` on their command line; returns when they
    ended."""
    pattern = b"\0%s\0" % b"\0".join(arguments)
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        with contextlib.suppress(OSError):
            fd = os.pidfd_open(pid)
            try:
                if pattern in Path(f"/proc/{pid}/cmdline").read_bytes():
                    signal.pidfd_send_signal(fd, signal.SIGKILL)
                    _ended(fd, 1000)
            finally:
                os.close(fd)


def _ended(pidfd: int, milliseconds: float | None) -> bool:
    poller = select.poll()
    poller.register(pidfd, select.POLLIN)
    return bool(poller.poll(milliseconds))


def kill_session(leader: int) -> None:
    """SIGKILL the session that `leader` leads and all its descendants, as far as /proc still shows the
    descent.

    A process that left the session and whose parent has ended is missed.
    """
    for _ in range(_ROUNDS):
        victims = _session(leader)
        for pid in sorted(victims):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if victims <= {leader}:
            return


def _session(leader: int) -> set[int]:
    """Those of the session and below `leader` that live."""
    families = {
        pid: family for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if (family := _family(pid))
    }
    found = {leader}
    while more := {pid for pid, family in families.items() if found.intersection(family)} - found:
        found |= more
    return found & families.keys()


def _family(pid: int) -> tuple[int, int] | None:
    """Parent and session of a process; None when it has ended."""
    with contextlib.suppress(OSError):
        state, parent, _, session, *_ = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return None if state in b"ZX" else (int(parent), int(session))
    return None


class ChildProcess:
    """A child (or adopted descendant) of this process.

    Its number is not given to another process before `end`: until then only its status is looked at.
    """

    def __init__(self, pid: int) -> None:
        """Raises ProcessLookupError when `pid` is gone."""
        self.pid = pid
        self._fd = os.pidfd_open(pid)
        self._status: int | None = None

    def fileno(self) -> int:
        """The pidfd; readable once the process has ended."""
        return self._fd

    def poll(self) -> int | None:
        """How it ended, or None while it runs: the exit code, or minus the signal that killed it."""
        return self.wait(0)

    def wait(self, timeout: float | None) -> int | None:
        """As `poll`, after waiting up to `timeout` seconds (None: for ever)."""
        if self._status is None and _ended(self._fd, None if timeout is None else max(0, timeout) * 1000):
            self._status = self._look()
        return self._status

    def _look(self) -> int:
        try:
            info = os.waitid(os.P_PIDFD, self._fd, os.WEXITED | os.WNOWAIT)
        except ChildProcessError:  # somebody else took the status
            return -signal.SIGKILL
        if info is None:  # typeshed: only with WNOHANG
            return 0
        return info.si_status if info.si_code == os.CLD_EXITED else -info.si_status

    def signal(self, number: int) -> None:
        """Send a signal; nothing happens when the process has ended."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._fd, number)

    def end(self, timeout: float) -> None:
        """Kill it if it still runs, take its status within `timeout` seconds, and give the pidfd back."""
        if self._status is None:
            self.signal(signal.SIGKILL)
            self.wait(timeout)
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PIDFD, self._fd, os.WEXITED | os.WNOHANG)
        os.close(self._fd)
