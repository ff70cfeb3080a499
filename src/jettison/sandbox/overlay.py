"""Overlay mounts whose upper folder is thrown away."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from jettison.errors import HostError
from jettison.linux.mount import mount, mount_overlay, unmount
from jettison.linux.namespaces import in_user_namespace

_NEVER_UPPER: Final = frozenset(("overlay", "fuse.fuse-overlayfs", "nfs", "nfs4", "9p", "virtiofs", "vfat"))
"""File systems that overlayfs cannot write to."""


def cover(folder: Path) -> None:
    """Put memory over `folder` if its file system cannot hold upper folders, as within another container; to
    be called in a `MountSpace`. Raises OSError."""
    if _file_system(folder) in _NEVER_UPPER:
        mount("tmpfs", folder, "tmpfs", options="mode=700")


def _file_system(folder: Path) -> str:
    """Type of the file system that `folder` is on (proc(5), mountinfo); empty when that does not tell."""
    device = folder.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    with open("/proc/thread-self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            fields = line.split(" ")
            if fields[2] == number:
                return fields[fields.index("-") + 1]
    return ""


def link_layers(folder: Path, layers: Sequence[Path]) -> list[str]:
    """Names for `layers` (the base first), topmost first, that fit into the one page of mount options:
    numbered links."""
    links = folder / "l"
    links.mkdir()
    for number, layer in enumerate(layers):
        (links / str(number)).symlink_to(layer.absolute(), target_is_directory=True)
    if layers:
        return [str(number) for number in reversed(range(len(layers)))]
    (links / "0").mkdir()
    return ["0"]


def make_upper(path: Path, like: Path) -> None:
    """Make an upper folder whose owner and mode are those of the folder below it, because the merged view
    shows its."""
    info = like.stat()
    path.mkdir()
    os.chown(path, info.st_uid, info.st_gid)
    path.chmod(stat.S_IMODE(info.st_mode))


def mount_layers(folder: Path, lowers: Sequence[str], *, upper: str = "upper", work: str = "work") -> None:
    """Mount on `folder`/merged; to be called in a `MountSpace`. Raises HostError.

    Nobody needs the upper folder after a crash, so it is never synced ("volatile").
    """
    options = ["userxattr"] if in_user_namespace() else ["index=off", "metacopy=off"]
    os.chdir(folder / "l")  # of this thread only
    try:
        for attempt in (["volatile", *options], options):
            try:
                mount_overlay(
                    "../merged", lowers=lowers, upper=f"../{upper}", work=f"../{work}", options=attempt
                )
                return
            except OSError as error:
                if error.errno != errno.EINVAL or attempt is options:
                    raise _unmountable(error, folder) from error
    finally:
        os.chdir("/")


def take_down(mountpoint: Path) -> None:
    """Unmount; if that fails, the end of the mount space does it."""
    with contextlib.suppress(OSError):
        unmount(mountpoint)


def _unmountable(error: OSError, folder: Path) -> HostError:
    return HostError(
        f"cannot mount an overlay in {folder}: {error.strerror}",
        hint="the work folder must be on a file system that overlayfs can write to (ext4, xfs, btrfs, tmpfs)",
    )
