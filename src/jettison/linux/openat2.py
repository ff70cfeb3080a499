"""openat2(2): opening paths of a folder that somebody else made, without being led out of it."""

from __future__ import annotations

import ctypes
import enum
import os

from jettison.linux.libc import check, libc

_SYS_OPENAT2 = 437
"""The same number on every architecture (it was added after the tables were unified)."""
_RETRIES = 32
_syscall = libc.syscall
_syscall.restype = ctypes.c_long


class Resolve(enum.IntFlag):
    """How a path may be resolved, `linux/openat2.h`."""

    NO_XDEV = 0x01
    NO_MAGICLINKS = 0x02
    NO_SYMLINKS = 0x04
    BENEATH = 0x08
    IN_ROOT = 0x10


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def openat2(root: int, path: bytes, flags: int, *, resolve: Resolve, mode: int = 0) -> int:
    """A descriptor of `path` relative to the folder `root`, close-on-exec; raises OSError.

    EAGAIN, which the kernel gives when something was renamed during a look-up with `..`, is tried again.
    """
    how = _OpenHow(flags | os.O_CLOEXEC, mode, int(resolve))
    for attempt in range(_RETRIES):
        result = _syscall(_SYS_OPENAT2, root, path, ctypes.byref(how), ctypes.sizeof(how))
        if result >= 0 or ctypes.get_errno() != 11 or attempt == _RETRIES - 1:
            break
    return check(int(result), path)


def open_in_root(root: int, path: bytes, flags: int) -> int:
    """A descriptor of `path` as a process sees it whose root folder is `root`; links and `..` stay inside it.

    Magic links (`/proc/PID/fd/N`) are refused. Raises OSError.
    """
    return openat2(root, path, flags, resolve=Resolve.IN_ROOT | Resolve.NO_MAGICLINKS)
