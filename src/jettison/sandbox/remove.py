"""Removing a folder that an application wrote into."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from jettison.linux.openat2 import Resolve, openat2

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_INSIDE = Resolve.BENEATH | Resolve.NO_XDEV | Resolve.NO_SYMLINKS
_DEPTH = 100
"""Folders within folders that are removed where they are."""


def remove_folder(path: Path, *, identity: tuple[int, int]) -> None:
    """Remove `path` with all it holds if it still is the folder with this (device, inode); else leave it
    alone.

    Never follows a link nor crosses into another file system. Folders that are nested too deeply are moved to
    the top first, so that no depth overflows the stack, the descriptors or the length of a path. Raises
    OSError.
    """
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        fd = os.open(path, _FOLDER)
        try:
            info = os.fstat(fd)
            if (info.st_dev, info.st_ino) != identity:
                return
            _Remover(fd).run()
        finally:
            os.close(fd)
        path.rmdir()


class _Remover:
    """Empties the folder `top`."""

    def __init__(self, top: int) -> None:
        self._top = top
        self._prefix = f".{secrets.token_hex(6)}-"
        self._moved = 0
        self._waiting: list[str] = []

    def run(self) -> None:
        self._empty(self._top, 0)
        while self._waiting:
            self._remove(self._top, self._waiting.pop(), 1)

    def _empty(self, folder: int, depth: int) -> None:
        with os.scandir(folder) as entries:
            listed = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        for name, is_folder in listed:
            if not is_folder:
                os.unlink(name, dir_fd=folder)
            elif depth < _DEPTH:
                self._remove(folder, name, depth + 1)
            else:
                self._move_up(folder, name)

    def _remove(self, folder: int, name: str, depth: int) -> None:
        fd = openat2(folder, os.fsencode(name), _FOLDER, resolve=_INSIDE)
        try:
            self._empty(fd, depth)
        finally:
            os.close(fd)
        os.rmdir(name, dir_fd=folder)

    def _move_up(self, folder: int, name: str) -> None:
        self._moved += 1
        new = f"{self._prefix}{self._moved}"
        os.rename(name, new, src_dir_fd=folder, dst_dir_fd=self._top)
        self._waiting.append(new)
