"""The kernel's seccomp user notification, as far as a supervisor needs it (seccomp_unotify(2)).

A filter that answers SECCOMP_RET_USER_NOTIF stops the calling thread until whoever holds the *listener*
descriptor has received the notification and sent an answer. `CONTINUE` lets the call go on as if there were
no filter. If the last copy of the listener is closed, stopped and later callers get ENOSYS.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct
from typing import Final

RECEIVE: Final = 0xC0502100
SEND: Final = 0xC0182101
ID_VALID: Final = 0x40082102
SET_FLAGS: Final = 0x40082104
"""SECCOMP_IOCTL_NOTIF_*: _IOWR('!', 0, 80 bytes), _IOWR('!', 1, 24 bytes), _IOW('!', 2, u64), _IOW('!', 4,
u64)."""

EMPTY: Final = bytes(80)
"""A zeroed `struct seccomp_notif`, which RECEIVE wants. Given as bytes, `fcntl.ioctl` answers with a new
bytes object.

Layout (little-endian): u64 id, u32 pid, u32 flags, then `struct seccomp_data`: i32 nr, u32 arch, u64 ip, u64
args[6]. `pid` is a thread id in the PID namespace of the receiver.
"""

CONTINUE: Final = struct.pack("<qiI", 0, 0, 1)
"""What follows the id in a `struct seccomp_notif_resp` that lets the call through: val, error,
SECCOMP_USER_NOTIF_FLAG_CONTINUE."""

_SYNC_WAKE_UP: Final = 1
_SYSCALL_NUMBER: Final = {"x86_64": 317, "aarch64": 277}
_GET_ACTION_AVAIL: Final = 2
_RET_USER_NOTIF: Final = 0x7FC00000


def receive(listener: int) -> bytes:
    """Wait for the next notification of `listener` and return its 80 bytes.

    OSError ENOENT: the caller was killed or interrupted meanwhile, or (kernel ≥ 6.11) no process uses the
    filter any more.
    """
    return fcntl.ioctl(listener, RECEIVE, EMPTY)


def let_through(listener: int, identity: bytes) -> None:
    """Let the call of the notification with the 8-byte `identity` go on.

    OSError ENOENT: nobody waits for that answer (any more); EINPROGRESS: the notification was not received
    yet.
    """
    fcntl.ioctl(listener, SEND, identity + CONTINUE)


def is_valid(listener: int, identity: bytes) -> bool:
    """Whether the caller still waits, so that its thread id has meant the same process since the notification
    came."""
    try:
        fcntl.ioctl(listener, ID_VALID, identity)
    except OSError as error:
        if error.errno == errno.ENOENT:
            return False
        raise
    return True


def wake_synchronously(listener: int) -> bool:
    """Ask the kernel to run caller and supervisor by turns on one CPU; False where it cannot (before 6.6).

    It halves the round trip: the caller does nothing until the answer comes, so another CPU need not be woken
    for it.
    """
    try:
        fcntl.ioctl(listener, SET_FLAGS, _SYNC_WAKE_UP)  # by value, unlike the others
    except OSError:
        return False
    return True


def available() -> bool:
    """Whether this kernel knows SECCOMP_RET_USER_NOTIF (5.0; CONTINUE came with 5.5)."""
    number = _SYSCALL_NUMBER.get(os.uname().machine)
    if number is None:
        return False
    action = ctypes.c_uint32(_RET_USER_NOTIF)
    answer: int = ctypes.CDLL(None).syscall(number, _GET_ACTION_AVAIL, 0, ctypes.byref(action))
    return answer == 0
