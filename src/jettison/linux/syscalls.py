"""System calls by number and by name, for each ABI that a process of the container may use; and those whose
paths and sockets an observer wants to see.

A 64-bit kernel runs programs of several ABIs, each with its own numbers: on x86-64 also i386 (`int 0x80`,
32-bit programs) and x32; on arm64 also 32-bit ARM. What a call is must therefore be read from the pair (audit
architecture, number) that seccomp reports, never from the number alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.linux import tables

AUDIT_X86_64: Final = 0xC000003E
AUDIT_I386: Final = 0x40000003
AUDIT_AARCH64: Final = 0xC00000B7
AUDIT_ARM: Final = 0x40000028
"""AUDIT_ARCH_* of <linux/audit.h>; x32 shares x86-64's and is told by a bit in the number."""

X32_BIT: Final = 0x40000000
"""__X32_SYSCALL_BIT."""

FAMILIES: Final = {
    "x86_64": ("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"),
    "aarch64": ("SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"),
}
"""Machine (as `os.uname` names it) → architectures of an OCI seccomp section that its kernel can run."""

_COLUMNS: Final = (AUDIT_X86_64, AUDIT_I386, AUDIT_AARCH64, AUDIT_ARM)


def numbers(name: str) -> Iterator[tuple[int, int]]:
    """The pairs (audit architecture, number) by which the call `name` may arrive; KeyError for a name not
    listed here."""
    for arch, number in zip(_COLUMNS, NUMBERS[name], strict=True):
        if number is None:
            continue
        yield arch, number
        if arch == AUDIT_X86_64:
            yield arch, X32_BIT | tables.X32.get(name, number)


_NAMES: Final = """
open openat openat2 creat stat lstat stat64 lstat64 oldstat oldlstat newfstatat fstatat64 statx access
faccessat faccessat2 readlink readlinkat statfs statfs64 chdir chroot execve execveat getxattr lgetxattr
listxattr llistxattr inotify_add_watch fanotify_mark name_to_handle_at open_by_handle_at mkdir mkdirat
mknod mknodat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat chmod fchmodat
chown lchown chown32 lchown32 fchownat truncate truncate64 utime utimes futimesat utimensat
utimensat_time64 setxattr lsetxattr removexattr lremovexattr mount umount umount2 pivot_root open_tree
move_mount fspick mount_setattr acct bind connect listen socketcall io_uring_setup io_uring_enter
io_uring_register fchmodat2 setxattrat getxattrat listxattrat removexattrat open_tree_attr file_getattr
file_setattr
"""

NUMBERS: Final[dict[str, tuple[int | None, int | None, int | None, int | None]]] = {
    name: (
        tables.X86_64.get(name),
        tables.I386.get(name),
        tables.AARCH64.get(name),
        tables.ARM.get(name),
    )
    for name in _NAMES.split()
}
"""Name → numbers of x86-64, i386, arm64 and arm; None where the ABI has no such call."""
