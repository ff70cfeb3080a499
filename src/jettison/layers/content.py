"""Reading files of a folder that holds a layer: trusted storage with hostile content."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from jettison.errors import HostError
from jettison.layers.files import Handle
from jettison.layers.path import encode_path
from jettison.linux.openat2 import Resolve, openat2

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_CONFINED = Resolve.IN_ROOT | Resolve.NO_MAGICLINKS
_INSIDE = Resolve.BENEATH | Resolve.NO_SYMLINKS | Resolve.NO_MAGICLINKS


class Folder:
    """A layer's folder, kept open. Nothing outside of it can be reached through it, whatever links it
    holds."""

    def __init__(self, path: Path) -> None:
        try:
            self._handle = Handle(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        except OSError as error:
            raise HostError(f"the layer folder {path} cannot be opened: {error.strerror}") from None
        self._path = path

    def open(self, path: bytes, size: int, *, follow: bool = False) -> int:
        """A descriptor of the regular file `path`, which must have `size` bytes; raises `HostError`.

        Links are not followed, or with `follow` never out of the folder. Nothing that is not a regular file
        is opened, so a FIFO cannot block us.
        """
        try:
            descriptor = openat2(
                self._handle.fileno(), path, _FLAGS, resolve=_CONFINED if follow else _INSIDE
            )
        except OSError as error:
            raise self._changed(path, error.strerror or str(error)) from None
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and status.st_size == size:
            return descriptor
        os.close(descriptor)
        raise self._changed(path, f"it is not the file of {size} bytes that the layer declares")

    def _changed(self, path: bytes, cause: str) -> HostError:
        return HostError(
            f"{encode_path(path)!r} cannot be read from {self._path}: {cause}",
            hint="the folder was changed after the image was made; pull, load or build the image again",
        )
