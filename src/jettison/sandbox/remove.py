"""Removing a folder that an application wrote into."""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from jettison.linux.openat2 import Resolve, openat2

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


def remove_folder(path: Path, *, identity: tuple[int, int]) -> None:
    """Remove `path` with all it holds if it still is the folder with this (device, inode); else leave it
    alone.

    Never follows a link nor crosses into another file system. Folders within folders are first moved to the
    top, so that no depth of nesting needs recursion, long paths or many descriptors. Raises OSError.
    """
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        fd = os.open(path, _FOLDER)
        try:
            info = os.fstat(fd)
            if (info.st_dev, info.st_ino) != identity:
                return
            _empty(fd)
        finally:
            os.close(fd)
        path.rmdir()


def _empty(top: int) -> None:
    names = (f".{secrets.token_hex(6)}-{number}" for number in itertools.count())
    waiting = _clear(top, top, names)
    while waiting:
        name = waiting.pop()
        fd = openat2(
            top, os.fsencode(name), _FOLDER, resolve=Resolve.BENEATH | Resolve.NO_XDEV | Resolve.NO_SYMLINKS
        )
        try:
            waiting += _clear(fd, top, names)
        finally:
            os.close(fd)
        os.rmdir(name, dir_fd=top)


def _clear(folder: int, top: int, names: Iterator[str]) -> list[str]:
    """Unlink the files of `folder`, move its folders into `top` under new names, and return those names."""
    found: list[str] = []
    with os.scandir(folder) as entries:
        listed = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in listed:
        if is_folder:
            found.append(next(names))
            os.rename(name, found[-1], src_dir_fd=folder, dst_dir_fd=top)
        else:
            os.unlink(name, dir_fd=folder)
    return found
