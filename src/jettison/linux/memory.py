"""Reading the memory of another process (process_vm_readv(2)).

Unlike a descriptor of `/proc/PID/mem`, which stays with the address space it was opened on, this always reads
what the thread has *now*: right after an execve, and in a vfork child that still shares its parent's memory.
"""

from __future__ import annotations

import ctypes
import errno
import os
from typing import Final

PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_CHUNK: Final = 256
"""Bytes of the first read of a string: the longest path in an ordinary image is shorter, and one page is
rarely crossed."""


class _Slice(ctypes.Structure):
    """`struct iovec`."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class Reader:
    """Reads memory of other processes into one buffer of its own; not for use by two threads at a time."""

    def __init__(self) -> None:
        self._read = ctypes.CDLL(None, use_errno=True).process_vm_readv
        self._buffer = ctypes.create_string_buffer(_CHUNK)
        self._remote = _Slice(0, _CHUNK)
        self._local_pointer = ctypes.byref(_Slice(ctypes.addressof(self._buffer), _CHUNK))
        self._remote_pointer = ctypes.byref(self._remote)

    def short_string(self, thread: int, address: int) -> bytes | None:
        """The NUL-terminated string at `address`, without its NUL; None if it is long, near the end of the
        mapped memory, or not readable: `string` then knows more."""
        self._remote.base = address
        if self._read(thread, self._local_pointer, 1, self._remote_pointer, 1, 0) != _CHUNK:
            return None
        text: bytes = self._buffer.value
        return text if len(text) < _CHUNK else None

    def string(self, thread: int, address: int, limit: int) -> bytes | None:
        """The NUL-terminated string at `address`, without its NUL.

        None if the memory is not readable or the string is longer than `limit` bytes: the kernel refuses such
        a path itself, with EFAULT or ENAMETOOLONG. OSError EPERM or the like: this process may not look.
        """
        text = self.short_string(thread, address)
        return self._long_string(thread, address, limit) if text is None else text

    def _long_string(self, thread: int, address: int, limit: int) -> bytes | None:
        found = bytearray()
        while len(found) <= limit:
            piece = self.read(thread, address + len(found), PAGE - (address + len(found)) % PAGE)
            if not piece:
                return None
            text, end, _ = piece.partition(b"\0")
            found += text
            if end:
                return bytes(found) if len(found) <= limit else None
        return None

    def read(self, thread: int, address: int, size: int) -> bytes:
        """Up to `size` bytes at `address`: fewer where unmapped memory begins, none if the thread or the
        memory is gone."""
        target = ctypes.create_string_buffer(size)
        local, remote = _Slice(ctypes.addressof(target), size), _Slice(address, size)
        count = self._read(thread, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
        if count < 0:
            number = ctypes.get_errno()
            if number in (errno.EFAULT, errno.ESRCH):
                return b""
            raise OSError(number, os.strerror(number))
        return target.raw[:count]
