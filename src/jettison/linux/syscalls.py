"""System call numbers of the calls that matter to an observer, for each ABI that a process of the container
may use.

A 64-bit kernel runs programs of several ABIs, each with its own numbers: on x86-64 also i386 (`int 0x80`,
32-bit programs) and x32; on arm64 also 32-bit ARM. What a call is must therefore be read from the pair (audit
architecture, number) that seccomp reports, never from the number alone. Sources: the kernel's
`arch/*/entry/syscalls/*.tbl` and `include/uapi/asm-generic/unistd.h`; a test compares the tables with
libseccomp's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

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

_X32_NUMBERS: Final = {"execve": 520, "execveat": 545}
"""Calls that have a number of their own in x32; all others share x86-64's."""


def numbers(name: str) -> Iterator[tuple[int, int]]:
    """The pairs (audit architecture, number) by which the call `name` may arrive; KeyError for a name not
    listed here."""
    for arch, number in zip(_COLUMNS, NUMBERS[name], strict=True):
        if number is None:
            continue
        yield arch, number
        if arch == AUDIT_X86_64:
            yield arch, X32_BIT | _X32_NUMBERS.get(name, number)


# (x86-64, i386, arm64, arm); None where the ABI has no such call.
NUMBERS: Final[dict[str, tuple[int | None, int | None, int | None, int | None]]] = {
    "open": (2, 5, None, 5),
    "openat": (257, 295, 56, 322),
    "openat2": (437, 437, 437, 437),
    "creat": (85, 8, None, 8),
    "stat": (4, 106, None, 106),
    "lstat": (6, 107, None, 107),
    "stat64": (None, 195, None, 195),
    "lstat64": (None, 196, None, 196),
    "oldstat": (None, 18, None, None),
    "oldlstat": (None, 84, None, None),
    "newfstatat": (262, None, 79, None),
    "fstatat64": (None, 300, None, 327),
    "statx": (332, 383, 291, 397),
    "access": (21, 33, None, 33),
    "faccessat": (269, 307, 48, 334),
    "faccessat2": (439, 439, 439, 439),
    "readlink": (89, 85, None, 85),
    "readlinkat": (267, 305, 78, 332),
    "statfs": (137, 99, 43, 99),
    "statfs64": (None, 268, None, 266),
    "chdir": (80, 12, 49, 12),
    "chroot": (161, 61, 51, 61),
    "execve": (59, 11, 221, 11),
    "execveat": (322, 358, 281, 387),
    "getxattr": (191, 229, 8, 229),
    "lgetxattr": (192, 230, 9, 230),
    "listxattr": (194, 232, 11, 232),
    "llistxattr": (195, 233, 12, 233),
    "inotify_add_watch": (254, 292, 27, 317),
    "fanotify_mark": (301, 339, 263, 368),
    "name_to_handle_at": (303, 341, 264, 370),
    "open_by_handle_at": (304, 342, 265, 371),
    "mkdir": (83, 39, None, 39),
    "mkdirat": (258, 296, 34, 323),
    "mknod": (133, 14, None, 14),
    "mknodat": (259, 297, 33, 324),
    "rmdir": (84, 40, None, 40),
    "unlink": (87, 10, None, 10),
    "unlinkat": (263, 301, 35, 328),
    "rename": (82, 38, None, 38),
    "renameat": (264, 302, 38, 329),
    "renameat2": (316, 353, 276, 382),
    "link": (86, 9, None, 9),
    "linkat": (265, 303, 37, 330),
    "symlink": (88, 83, None, 83),
    "symlinkat": (266, 304, 36, 331),
    "chmod": (90, 15, None, 15),
    "fchmodat": (268, 306, 53, 333),
    "chown": (92, 182, None, 182),
    "lchown": (94, 16, None, 16),
    "chown32": (None, 212, None, 212),
    "lchown32": (None, 198, None, 198),
    "fchownat": (260, 298, 54, 325),
    "truncate": (76, 92, 45, 92),
    "truncate64": (None, 193, None, 193),
    "utime": (132, 30, None, None),
    "utimes": (235, 271, None, 269),
    "futimesat": (261, 299, None, 326),
    "utimensat": (280, 320, 88, 348),
    "utimensat_time64": (None, 412, None, 412),
    "setxattr": (188, 226, 5, 226),
    "lsetxattr": (189, 227, 6, 227),
    "removexattr": (197, 235, 14, 235),
    "lremovexattr": (198, 236, 15, 236),
    "mount": (165, 21, 40, 21),
    "umount": (None, 22, None, None),
    "umount2": (166, 52, 39, 52),
    "pivot_root": (155, 217, 41, 218),
    "open_tree": (428, 428, 428, 428),
    "move_mount": (429, 429, 429, 429),
    "fspick": (433, 433, 433, 433),
    "mount_setattr": (442, 442, 442, 442),
    "acct": (163, 51, 89, 51),
    "bind": (49, 361, 200, 282),
    "connect": (42, 362, 203, 283),
    "listen": (50, 363, 201, 284),
    "socketcall": (None, 102, None, None),
    "io_uring_setup": (425, 425, 425, 425),
    "io_uring_enter": (426, 426, 426, 426),
    "io_uring_register": (427, 427, 427, 427),
    "fchmodat2": (452, 452, 452, 452),
    "setxattrat": (463, 463, 463, 463),
    "getxattrat": (464, 464, 464, 464),
    "listxattrat": (465, 465, 465, 465),
    "removexattrat": (466, 466, 466, 466),
    "open_tree_attr": (467, 467, 467, 467),
    "file_getattr": (468, 468, 468, 468),
    "file_setattr": (469, 469, 469, 469),
}
