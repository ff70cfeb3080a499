"""mount(2) and umount2(2)."""

from __future__ import annotations

import ctypes
import enum
import os
from collections.abc import Sequence
from pathlib import Path

from jettison.linux.libc import check, libc

_mount = libc.mount
_mount.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p)


class MountFlag(enum.IntFlag):
    """Flags of mount(2), `linux/mount.h`."""

    REC = 1 << 14
    SLAVE = 1 << 19


def mount(
    source: str | Path,
    target: str | Path,
    fstype: str = "",
    *,
    flags: int = 0,
    options: str = "",
) -> None:
    """Mount `source` on `target`, with `MountFlag`s, where the calling thread sees mounts; raises OSError."""
    failed = _mount(
        os.fsencode(source), os.fsencode(target), fstype.encode() or None, flags, os.fsencode(options) or None
    )
    check(failed, os.fsencode(target))


def unmount(target: str | Path) -> None:
    """Unmount what is on top at `target`; raises OSError."""
    check(libc.umount2(os.fsencode(target), 0), os.fsencode(target))


def mount_overlay(
    target: str | Path, *, lowers: Sequence[str], upper: str, work: str, options: Sequence[str] = ()
) -> None:
    """Mount an overlay of `lowers` (topmost first) on `target`; raises OSError.

    Names may be relative to the working directory and may be symbolic links, which is how many layers fit
    into the one page that mount(2) takes. They must hold none of `:`, `,` and `\\`, which separate and escape
    here.
    """
    mount(
        "overlay",
        target,
        "overlay",
        options=",".join([f"lowerdir={':'.join(lowers)}", f"upperdir={upper}", f"workdir={work}", *options]),
    )
