"""Taking a copy of another process's descriptor (pidfd_getfd(2), kernel ≥ 5.6)."""

from __future__ import annotations

import ctypes
import os
from typing import Final

_PIDFD_GETFD: Final = 438
"""One number on every architecture."""


def take(process: int, descriptor: int) -> int:
    """A duplicate of `descriptor` of `process` (a thread group leader); the caller closes it.

    OSError: the process is gone (ESRCH), has no such descriptor (EBADF), or may not be looked into (EPERM).
    """
    handle = os.pidfd_open(process)
    try:
        copy: int = ctypes.CDLL(None, use_errno=True).syscall(_PIDFD_GETFD, handle, descriptor, 0)
        if copy < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return copy
    finally:
        os.close(handle)
