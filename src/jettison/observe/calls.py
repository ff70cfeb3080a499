"""Which system calls are observed, and what their arguments mean.

Every call that takes a path is here, for every ABI of `jettison.linux.syscalls`, and `bind`, `connect` and
`listen`. Reading, writing, polling, memory and time never trap. Not trapped on purpose:

* `fchdir`, `getdents`: their descriptor came from an `open` that was seen; opening a folder counts as listing
  it.
* `write`, `ftruncate`, `fchmod`, `fchown`, `fsetxattr`: they change a file that was opened before, and what
  has changed in the end is seen in the upper folder.
* `sendto`, `sendmsg`: a socket's path is made by a running server, it never comes from the image.

A look-up's *kind* is an int, so that the supervisor can use it in keys cheaply: an operation (the low four
bits), whether a link at the end is followed, and what is written.
"""

from __future__ import annotations

import dataclasses
import enum
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from jettison.linux import syscalls
from jettison.observe.evidence import Operation, WriteOperation
from jettison.sandbox.confinement import REFUSED

OPERATIONS: Final = tuple(Operation)
WRITES: Final = tuple(WriteOperation)

(OPEN, EXEC, STAT, READLINK, LIST, CONNECT, CHDIR, XATTR, WRITE) = range(len(OPERATIONS))
NOFOLLOW: Final = 1 << 4
_WRITE_BIT: Final = {operation: 1 << (5 + place) for place, operation in enumerate(WRITES)}
CREATES: Final = _WRITE_BIT[WriteOperation.CREATE]
WRITES_TO: Final = _WRITE_BIT[WriteOperation.WRITE]
ANY_WRITE: Final = sum(_WRITE_BIT.values())


def kind_of(operation: int, *writes: WriteOperation, follow: bool = True) -> int:
    """The int that stands for an operation, what it writes, and whether it follows a link at the end of the
    path."""
    return operation | (0 if follow else NOFOLLOW) | sum(_WRITE_BIT[write] for write in writes)


def operation_of(kind: int) -> Operation:
    """The operation in `kind`."""
    return OPERATIONS[kind & 0xF]


def writes_of(kind: int) -> tuple[WriteOperation, ...]:
    """What `kind` writes, in the order of `WriteOperation`."""
    return tuple(write for write, bit in _WRITE_BIT.items() if kind & bit)


class Family(enum.Enum):
    """How a call is handled."""

    PATH = enum.auto()
    """One path, whose meaning depends on at most one flags argument: the fast way."""
    PATHS = enum.auto()
    """Two paths, or a descriptor instead of a path."""
    OPENAT2 = enum.auto()
    EXEC = enum.auto()
    ROOT = enum.auto()
    """Changes what `/` means to the caller."""
    SOCKET = enum.auto()


@dataclass(frozen=True, slots=True)
class Target:
    """A path among the arguments: its index, that of the folder descriptor it is relative to, and what is
    done with it."""

    path: int
    folder: int | None
    kind: int


AT_SYMLINK_NOFOLLOW: Final = 0x100
AT_SYMLINK_FOLLOW: Final = 0x400
AT_EMPTY_PATH: Final = 0x1000
AT_FDCWD: Final = -100

_ACCESS_MODE: Final = 0o3
_O_CREAT: Final = 0o100
_O_EXCL: Final = 0o200
_O_TRUNC: Final = 0o1000
_O_PATH: Final = 0o10000000
_O_TMPFILE_BIT: Final = 0o20000000
_O_DIRECTORY: Final = 0o200000
_O_NOFOLLOW: Final = 0o400000
_ARM_O_DIRECTORY: Final = 0o40000
_ARM_O_NOFOLLOW: Final = 0o100000


def open_kind(flags: int, arch: int) -> int:
    """The kind of an open with O_* `flags` in the ABI `arch`, whose O_DIRECTORY and O_NOFOLLOW are its
    own."""
    arm = arch in (syscalls.AUDIT_ARM, syscalls.AUDIT_AARCH64)
    folder = flags & (_ARM_O_DIRECTORY if arm else _O_DIRECTORY)
    follow = not flags & (_ARM_O_NOFOLLOW if arm else _O_NOFOLLOW)
    if flags & _O_PATH:
        return kind_of(STAT, follow=follow)
    if flags & _O_TMPFILE_BIT:
        return kind_of(LIST, follow=follow)
    kind = kind_of(
        LIST if folder else OPEN, follow=follow and flags & (_O_CREAT | _O_EXCL) != _O_CREAT | _O_EXCL
    )
    if flags & _O_CREAT:
        kind |= CREATES
    if flags & _ACCESS_MODE or flags & _O_TRUNC:
        kind |= WRITES_TO
    return kind


def _at_kind(kind: int, flags: int) -> int:
    return kind | NOFOLLOW if flags & AT_SYMLINK_NOFOLLOW else kind


def _link_kind(kind: int, flags: int) -> int:
    return kind & ~NOFOLLOW if flags & AT_SYMLINK_FOLLOW else kind


_Meaning = Callable[[int, int], int]
"""(kind of the table, value of the flags argument) → kind."""


@dataclass(frozen=True, slots=True)
class Call:
    """One system call of one ABI."""

    name: str
    arch: int
    family: Family
    targets: tuple[Target, ...] = ()
    flags: int | None = None
    """Index of the argument that holds flags."""
    meaning: _Meaning | None = None
    token: int = 0
    """Stands for the call in keys; calls of one token and equal flags and path are the same look-up."""
    unpack: Callable[[bytes], tuple[int, int, int]] = struct.Struct("<8xI20xQ0s").unpack_from
    """Of a notification: (thread id, address of the path, flags; an empty and constant value where there are
    none)."""

    def kind(self, target: Target, flags: int) -> int:
        """What is done to `target` when the flags argument is `flags`, which is about the first target."""
        if self.meaning is None or target is not self.targets[0]:
            return target.kind
        return self.meaning(target.kind, flags)


def _unpacker(path: int, flags: int | None) -> Callable[[bytes], tuple[int, int, int]]:
    """Reads the thread id, args[path] and (the low 32 bits of) args[flags] of a `struct seccomp_notif`."""
    if flags is None:
        return struct.Struct(f"<8xI20x{8 * path}xQ0s").unpack_from
    return struct.Struct(f"<8xI20x{8 * path}xQ{8 * (flags - path - 1)}xI").unpack_from


def _path(kind: int, path: int = 0, folder: int | None = None) -> tuple[Target, ...]:
    return (Target(path, folder, kind),)


_STAT, _LSTAT = kind_of(STAT), kind_of(STAT, follow=False)
_XATTR, _LXATTR = kind_of(XATTR), kind_of(XATTR, follow=False)
_READLINK = kind_of(READLINK, follow=False)
_SET, _LSET = kind_of(WRITE, WriteOperation.WRITE), kind_of(WRITE, WriteOperation.WRITE, follow=False)
_CHMOD = kind_of(WRITE, WriteOperation.CHMOD)
_CHOWN, _LCHOWN = kind_of(WRITE, WriteOperation.CHOWN), kind_of(WRITE, WriteOperation.CHOWN, follow=False)
_CREATE = kind_of(WRITE, WriteOperation.CREATE, follow=False)
_MKDIR = kind_of(WRITE, WriteOperation.MKDIR, follow=False)
_UNLINK = kind_of(WRITE, WriteOperation.UNLINK, follow=False)
_RENAME = kind_of(WRITE, WriteOperation.RENAME, follow=False)
_CHDIR = kind_of(CHDIR)

_PLAIN: Final[dict[str, tuple[Target, ...]]] = {
    "creat": _path(kind_of(OPEN, WriteOperation.CREATE, WriteOperation.WRITE)),
    **dict.fromkeys(
        ("stat", "stat64", "oldstat", "access", "statfs", "statfs64"),
        _path(_STAT),
    ),
    **dict.fromkeys(("lstat", "lstat64", "oldlstat"), _path(_LSTAT)),
    "faccessat": _path(_STAT, 1, 0),
    "inotify_add_watch": _path(_STAT, 1),
    "readlink": _path(_READLINK),
    "readlinkat": _path(_READLINK, 1, 0),
    "chdir": _path(_CHDIR),
    **dict.fromkeys(("getxattr", "listxattr"), _path(_XATTR)),
    **dict.fromkeys(("lgetxattr", "llistxattr"), _path(_LXATTR)),
    **dict.fromkeys(("setxattr", "removexattr", "truncate", "truncate64", "utime", "utimes"), _path(_SET)),
    **dict.fromkeys(("lsetxattr", "lremovexattr"), _path(_LSET)),
    "mkdir": _path(_MKDIR),
    "mkdirat": _path(_MKDIR, 1, 0),
    "mknod": _path(_CREATE),
    "mknodat": _path(_CREATE, 1, 0),
    **dict.fromkeys(("rmdir", "unlink"), _path(_UNLINK)),
    "unlinkat": _path(_UNLINK, 1, 0),
    "symlink": _path(_CREATE, 1),
    "symlinkat": _path(_CREATE, 2, 1),
    "chmod": _path(_CHMOD),
    "fchmodat": _path(_CHMOD, 1, 0),
    **dict.fromkeys(("chown", "chown32"), _path(_CHOWN)),
    **dict.fromkeys(("lchown", "lchown32"), _path(_LCHOWN)),
}
"""Calls of one path and no flags."""

_AT: Final[dict[str, tuple[tuple[Target, ...], int, _Meaning]]] = {
    "newfstatat": (_path(_STAT, 1, 0), 3, _at_kind),
    "fstatat64": (_path(_STAT, 1, 0), 3, _at_kind),
    "statx": (_path(_STAT, 1, 0), 2, _at_kind),
    "faccessat2": (_path(_STAT, 1, 0), 3, _at_kind),
    "file_getattr": (_path(_STAT, 1, 0), 4, _at_kind),
    "name_to_handle_at": (_path(_LSTAT, 1, 0), 4, _link_kind),
    "getxattrat": (_path(_XATTR, 1, 0), 2, _at_kind),
    "listxattrat": (_path(_XATTR, 1, 0), 2, _at_kind),
    "setxattrat": (_path(_SET, 1, 0), 2, _at_kind),
    "removexattrat": (_path(_SET, 1, 0), 2, _at_kind),
    "file_setattr": (_path(_SET, 1, 0), 4, _at_kind),
    "utimensat": (_path(_SET, 1, 0), 3, _at_kind),
    "utimensat_time64": (_path(_SET, 1, 0), 3, _at_kind),
    "fchmodat2": (_path(_CHMOD, 1, 0), 3, _at_kind),
    "fchownat": (_path(_CHOWN, 1, 0), 4, _at_kind),
}
"""Calls of one path and a flags argument after it."""

_SEVERAL: Final[dict[str, tuple[Target, ...]]] = {
    "futimesat": _path(_SET, 1, 0),
    "rename": (Target(0, None, _RENAME), Target(1, None, _CREATE)),
    "renameat": (Target(1, 0, _RENAME), Target(3, 2, _CREATE)),
    "renameat2": (Target(1, 0, _RENAME), Target(3, 2, _CREATE)),
    "link": (Target(0, None, _LSTAT), Target(1, None, _CREATE)),
}


def _of_arch(name: str, arch: int) -> Call:
    """The call `name` as the ABI `arch` has it, without its token."""
    narrow = arch in (syscalls.AUDIT_ARM, syscalls.AUDIT_I386)
    match name:
        case "open":
            return Call(name, arch, Family.PATH, _path(0), 1, lambda _, flags: open_kind(flags, arch))
        case "openat":
            return Call(name, arch, Family.PATH, _path(0, 1, 0), 2, lambda _, flags: open_kind(flags, arch))
        case "openat2":
            return Call(name, arch, Family.OPENAT2, _path(0, 1, 0))
        case "linkat":
            ends = (Target(1, 0, _LSTAT), Target(3, 2, _CREATE))
            return Call(name, arch, Family.PATHS, ends, 4, _link_kind)
        case "fanotify_mark":
            shift = 1 if narrow else 0  # the 64-bit mask takes two registers of a 32-bit ABI
            return Call(name, arch, Family.PATHS, _path(_STAT, 4 + shift, 3 + shift))
        case "execve":
            return Call(name, arch, Family.EXEC, _path(kind_of(EXEC)))
        case "execveat":
            return Call(name, arch, Family.EXEC, _path(kind_of(EXEC), 1, 0), 4, _at_kind)
        case "chroot":
            return Call(name, arch, Family.ROOT, _path(_CHDIR))
        case "bind" | "connect" | "listen" | "socketcall":
            return Call(name, arch, Family.SOCKET)
    if name in _SEVERAL:
        return Call(name, arch, Family.PATHS, _SEVERAL[name])
    if name in _AT:
        targets, flags, meaning = _AT[name]
        return Call(name, arch, Family.PATH, targets, flags, meaning)
    return Call(name, arch, Family.PATH, _PLAIN[name])


def _table() -> dict[bytes, Call]:
    table = {}
    token = 0
    for name in syscalls.NUMBERS:
        if name in REFUSED:
            continue
        for arch, number in syscalls.numbers(name):
            token += 1
            call = _of_arch(name, arch)
            if call.family is Family.PATH:
                unpack = _unpacker(call.targets[0].path, call.flags)
                call = dataclasses.replace(call, token=token, unpack=unpack)
            table[struct.pack("<II", number, arch)] = call
    return table


CALLS: Final = _table()
"""The eight bytes `nr, arch` of a notification → the call."""

NAMES: Final = tuple(name for name in syscalls.NUMBERS if name not in REFUSED)
"""The observed calls, by name."""
