"""The C library, and the one way its calls report failure."""

from __future__ import annotations

import ctypes
import os
from typing import Final

libc: Final = ctypes.CDLL(None, use_errno=True)
"""The process's own C library; errno is kept per thread by ctypes."""


def check(result: int, *names: str | bytes | None) -> int:
    """`result` of a call that returns -1 on failure; raises OSError with errno and up to two file names."""
    if result >= 0:
        return result
    code = ctypes.get_errno()
    shown = [os.fsdecode(name) for name in names if name is not None]
    match shown:
        case [first, second, *_]:
            raise OSError(code, os.strerror(code), first, None, second)
        case [first]:
            raise OSError(code, os.strerror(code), first)
    raise OSError(code, os.strerror(code))
