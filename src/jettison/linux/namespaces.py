"""unshare(2) and setns(2)."""

from __future__ import annotations

import enum
import os
from pathlib import Path

from jettison.linux.libc import check, libc
from jettison.linux.mount import MountFlag, mount


class Namespace(enum.IntFlag):
    """Kinds of namespaces, the CLONE_NEW… flags of `linux/sched.h`."""

    MOUNT = 0x00020000
    CGROUP = 0x02000000
    UTS = 0x04000000
    IPC = 0x08000000
    USER = 0x10000000
    PID = 0x20000000
    NET = 0x40000000


def unshare(kinds: Namespace) -> None:
    """Put the calling thread into new namespaces; raises OSError.

    A new mount namespace also gives the thread a root and a working directory of its own (CLONE_FS), so that
    nothing it does there is seen by the other threads. Children that the thread starts inherit them.
    """
    check(libc.unshare(int(kinds)))


def enter(path: str | os.PathLike[str], kind: Namespace) -> None:
    """Put the calling thread into the namespace that the file `path` names (`/proc/PID/ns/net`); raises
    OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        check(libc.setns(fd, int(kind)), os.fspath(path))
    finally:
        os.close(fd)


def private_mounts() -> None:
    """Give the calling thread a mount namespace of its own: it sees what the host mounts later, the host
    nothing of it.

    The kernel drops the namespace and every mount made in it when the last process or thread in it ends,
    however it ends. Raises OSError (EPERM without CAP_SYS_ADMIN).
    """
    unshare(Namespace.MOUNT)
    mount("none", "/", flags=MountFlag.REC | MountFlag.SLAVE)


def has_one_id() -> bool:
    """Whether root is the only user in this process's user namespace, so that nothing can belong to another,
    be run as another, or have further groups (user_namespaces(7))."""
    mapped = Path("/proc/self/uid_map").read_text().splitlines()
    return len(mapped) == 1 and mapped[0].split()[2:] == ["1"]


def in_user_namespace() -> bool:
    """Whether this process is in a user namespace other than the host's first one."""
    return Path("/proc/self/uid_map").read_text().split() != ["0", "0", "4294967295"]
