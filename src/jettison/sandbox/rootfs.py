"""The root file system of a run: the image's layers, what every container gets on top, and a throw-away upper
folder."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jettison.errors import HostError, InvalidInputError
from jettison.image.model import Image
from jettison.layers.path import name, parent
from jettison.layers.unpack import unpacked
from jettison.limits import MAX_SYMLINKS
from jettison.linux.openat2 import Resolve, open_in_root, openat2
from jettison.sandbox.journal import Journal
from jettison.sandbox.overlay import cover, link_layers, make_upper, mount_layers, take_down
from jettison.sandbox.space import MountSpace, mount_space

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_REAL: Final = Resolve.BENEATH | Resolve.NO_SYMLINKS
_FOLDERS: Final = (b"proc", b"sys", b"dev", b"etc")
_FILES: Final = (b".dockerenv", b"etc/hosts", b"etc/hostname", b"etc/resolv.conf")
_LINKS: Final = ((b"etc/mtab", b"/proc/mounts"),)
"""What Docker puts over every image (its "init layer"): whatever else the image has there is replaced, so
that nothing is ever mounted on a link."""


@dataclass(frozen=True)
class Rootfs:
    """A mounted root file system."""

    space: MountSpace
    """Where it is mounted; the host does not see it."""
    mountpoint: Path
    """Its path inside `space`."""
    upper: Path
    """What the run changes, in overlay form (whiteouts as 0/0 devices, or as xattrs without privileges)."""

    @property
    def path(self) -> Path:
        """The merged file system, as this process reaches it."""
        return self.space.seen(self.mountpoint)


@dataclass(frozen=True)
class Mountpoint:
    """A path (absolute, in the container) that must exist before the run, as a folder or an empty file."""

    path: str
    folder: bool = True


def layer_folders(image: Image) -> list[Path]:
    """The layers of `image`, base first, as folders that `mounted` takes: the engine's own where they can be
    used in place, else unpacked into the cache. Raises what unpacking raises."""
    return [unpacked(image, index) for index in range(len(image.layers))]


@contextmanager
def mounted(
    layers: Sequence[Path], *, workdir: Path, journal: Journal, mountpoints: Iterable[Mountpoint] = ()
) -> Iterator[Rootfs]:
    """Mount `layers` (the base first) with a fresh upper folder; gone on leaving.

    What must be there before the run (`mountpoints`, and what Docker puts into every container) is made in a
    folder between the layers and the upper one, so that the upper one holds only what the application did.
    Raises HostError; InvalidInputError when a mount point cannot be made in this image.
    """
    with journal.temporary(workdir) as folder, mount_space() as space:
        try:
            space.run(_set_up, folder, layers, tuple(mountpoints))
        except OSError as error:
            raise HostError(f"cannot prepare a root file system in {folder}: {error.strerror}") from error
        try:
            yield Rootfs(space, folder / "merged", space.seen(folder / "upper"))
        finally:
            space.run(take_down, folder / "merged")


def _set_up(folder: Path, layers: Sequence[Path], mountpoints: Sequence[Mountpoint]) -> None:
    """Mount everything in `folder`; runs in the mount space."""
    cover(folder)
    lowers = link_layers(folder, layers)
    for each in ("work-init", "work", "merged"):
        (folder / each).mkdir()
    make_upper(folder / "init", folder / "l" / lowers[0])
    _prepare(folder, lowers, mountpoints)
    make_upper(folder / "upper", folder / "init")
    mount_layers(folder, ["../init", *lowers])


def _prepare(folder: Path, lowers: Sequence[str], mountpoints: Sequence[Mountpoint]) -> None:
    """Make what must be there, through an overlay whose upper folder is `init`, so that parents keep owner
    and mode."""
    mount_layers(folder, lowers, upper="init", work="work-init")
    root = os.open(folder / "merged", _FOLDER)
    try:
        for folder_name in _FOLDERS:
            _force_folder(root, folder_name)
        for path in _FILES:
            _force_file(root, path)
        for path, target in _LINKS:
            _force_file(root, path, target)
        for point in mountpoints:
            _ensure(root, os.fsencode(point.path), folder=point.folder)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise HostError(f"no space left in {folder}", hint="free some space, or set TMPDIR") from error
        raise InvalidInputError(f"cannot prepare the image's file system: {error}") from error
    finally:
        os.close(root)
        take_down(folder / "merged")


def _force_folder(root: int, name: bytes) -> None:
    """Make `name` a real folder, whatever the image has there."""
    try:
        os.close(openat2(root, name, _FOLDER, resolve=_REAL))
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            raise
        _discard(root, name)
        os.mkdir(name, 0o755, dir_fd=root)


def _force_file(root: int, path: bytes, target: bytes | None = None) -> None:
    """Make `path`, whose folder is real, a plain file or a link to `target`, whatever the image has there."""
    folder = openat2(root, parent(path) or b".", _FOLDER, resolve=_REAL)
    try:
        if target is not None:
            _discard(folder, name(path))
            os.symlink(target, name(path), dir_fd=folder)
        elif not _is_plain_file(folder, name(path)):
            _discard(folder, name(path))
            _make_file(folder, name(path))
    finally:
        os.close(folder)


def _discard(folder: int, name: bytes) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def _is_plain_file(folder: int, name: bytes) -> bool:
    try:
        return stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


def _make_file(folder: int, name: bytes) -> None:
    os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o755, dir_fd=folder))


def _ensure(root: int, path: bytes, *, folder: bool, links: int = 0) -> None:
    """Make `path` if it is missing; links are followed, inside `root`, as a process in there would."""
    parts = [part for part in path.split(b"/") if part]
    for depth in range(1, len(parts) + 1):
        here, rest = b"/".join(parts[:depth]), b"/".join(parts[depth:])
        try:
            os.close(open_in_root(root, here, os.O_PATH))
        except FileNotFoundError:
            target = _make(root, parts[: depth - 1], parts[depth - 1], folder=folder or bool(rest))
            if target is not None:
                if links == MAX_SYMLINKS:
                    raise
                before = b"" if target.startswith(b"/") else b"/".join(parts[: depth - 1])
                _ensure(root, b"/".join((before, target, rest)), folder=folder, links=links + 1)
                return


def _make(root: int, parents: Sequence[bytes], name: bytes, *, folder: bool) -> bytes | None:
    """Make `name` in the folder `parents`; if it is a link that leads nowhere, where it leads."""
    parent_folder = open_in_root(root, b"/".join(parents) or b".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        if folder:
            os.mkdir(name, 0o755, dir_fd=parent_folder)
        else:
            _make_file(parent_folder, name)
    except FileExistsError:
        return os.readlink(name, dir_fd=parent_folder)
    finally:
        os.close(parent_folder)
    return None
