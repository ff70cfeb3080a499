"""Reading files of a layer where it lies: trusted storage with hostile content.

A layer that is a folder is read through `Folder`, one that is a tar through `Tar`, which needs nothing to be
unpacked: the entries of a tar know where their content begins.
"""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from jettison.errors import HostError, InvalidInputError
from jettison.layers.files import Handle, spool
from jettison.layers.layer import TarLayer
from jettison.layers.path import encode_path
from jettison.layers.stream import Region
from jettison.limits import MAX_LAYER_BYTES
from jettison.linux.openat2 import Resolve, openat2

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_CONFINED = Resolve.IN_ROOT | Resolve.NO_MAGICLINKS
_INSIDE = Resolve.BENEATH | Resolve.NO_SYMLINKS | Resolve.NO_MAGICLINKS
_SMALL = 1 << 16
"""A file of this size is read at once; a larger one as far as it is asked for."""


class Content(Protocol):
    """The files of one layer."""

    def stream(self, path: bytes, size: int, offset: int) -> BinaryIO:
        """The regular file `path` of `size` bytes, which begin at `offset` of the tar, as a stream that can
        be sought in; raises `HostError` or `InvalidInputError` if it is not there as the layer declares it.
        """

    def head(self, path: bytes, size: int, offset: int, wanted: int) -> bytes:
        """The first `wanted` bytes of it, fewer if it is shorter; raises as `stream` does."""


class Folder:
    """A layer's folder, kept open. Nothing outside of it can be reached through it, whatever links it
    holds."""

    def __init__(self, path: Path) -> None:
        try:
            self._handle = Handle(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        except OSError as error:
            raise HostError(f"the layer folder {path} cannot be opened: {error.strerror}") from None
        self._path = path

    def stream(self, path: bytes, size: int, offset: int) -> BinaryIO:  # noqa: ARG002 - a folder has names
        """See `Content.stream`."""
        return open(self.open(path, size), "rb")

    def head(self, path: bytes, size: int, offset: int, wanted: int) -> bytes:  # noqa: ARG002
        """See `Content.head`."""
        descriptor = self.open(path, size)
        try:
            found = os.read(descriptor, wanted)
            while len(found) < min(size, wanted) and (more := os.read(descriptor, wanted - len(found))):
                found += more
            return found
        finally:
            os.close(descriptor)

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


class Tar:
    """A layer's tar, in the archive that holds it or decompressed into a file without a name."""

    def __init__(self, layer: TarLayer) -> None:
        """Raises `RefusedError` for a layer that is not what its digest says, `HostError` for a full
        disk."""
        place = layer.place()
        if place is not None:
            layer.verify()
        else:
            with layer.open() as stream:
                place = spool(stream, MAX_LAYER_BYTES, f"layer {layer.diff_id.short}"), 0
        self._file, self._start = place

    def stream(self, path: bytes, size: int, offset: int) -> BinaryIO:
        """See `Content.stream`."""
        if size <= _SMALL:
            return io.BytesIO(self.head(path, size, offset, size))
        return cast(BinaryIO, io.BufferedReader(_Part(self._file, self._begin(path, offset), size), _SMALL))

    def head(self, path: bytes, size: int, offset: int, wanted: int) -> bytes:
        """See `Content.head`."""
        wanted = min(size, wanted)
        begin = self._begin(path, offset)
        found = os.pread(self._file.fileno(), wanted, begin)
        while len(found) < wanted:
            more = os.pread(self._file.fileno(), wanted - len(found), begin + len(found))
            if not more:
                raise InvalidInputError(f"the archive ends within {encode_path(path)!r}")
            found += more
        return found

    def _begin(self, path: bytes, offset: int) -> int:
        if offset < 0:
            raise InvalidInputError(f"{encode_path(path)!r} has no content in its layer")
        return self._start + offset


class _Part(Region):
    """A region that can be sought in."""

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As io.RawIOBase.seek; raises ValueError before the beginning."""
        origin = {
            os.SEEK_SET: 0,
            os.SEEK_CUR: self._position - self.start,
            os.SEEK_END: self._end - self.start,
        }
        target = origin[whence] + offset
        if target < 0:
            raise ValueError("negative seek position")
        self._position = self.start + target
        return target
