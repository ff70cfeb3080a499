"""Which files a run makes or changes in its writable mounts."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from jettison.layers.path import encode_path
from jettison.limits import MAX_OUTPUT_FILES

_NONE: Final[Mapping[str, Path]] = MappingProxyType({})


class Outputs:
    """The writable mounts of a run. Made before it starts: a quick job is done before anybody looks again."""

    def __init__(self, mounts: Mapping[str, Path] = _NONE) -> None:
        """`mounts`: path in the container → folder or file on this host that holds what is written there."""
        self.mounts = mounts
        self._before = {path: _stamp(info) for path, _, info in self._files()}

    def changed(self) -> Iterator[tuple[str, bytes]]:
        """Path in the container and file on this host of all that is new or changed since."""
        for path, file, info in self._files():
            if self._before.get(path) != _stamp(info):
                yield path, file

    def _files(self) -> Iterator[tuple[str, bytes, os.stat_result]]:
        """Regular files only, links never followed: the folders are in the hands of the container."""
        count = 0
        for mount, folder in sorted(self.mounts.items()):
            root = os.fsencode(folder)
            if Path(folder).is_file():
                yield mount, root, os.stat(root)
                continue
            for current, folders, names in os.walk(root, followlinks=False):
                folders.sort()
                for name in sorted(names):
                    file = os.path.join(current, name)
                    info = os.lstat(file)
                    if stat.S_ISREG(info.st_mode):
                        count += 1
                        if count > MAX_OUTPUT_FILES:
                            return
                        yield f"{mount.rstrip('/')}/{encode_path(os.path.relpath(file, root))}", file, info


def _stamp(info: os.stat_result) -> tuple[int, int, int]:
    """What tells whether a file is still the same."""
    return info.st_ino, info.st_size, info.st_ctime_ns
