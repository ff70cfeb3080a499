"""The files of an image on disk, in a folder or in a tar, behind one small interface."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import Protocol

from jettison.errors import InvalidInputError, LimitError, NotFoundError, UsageError
from jettison.image.digest import Digest
from jettison.layers.entry import Entry, Kind
from jettison.layers.files import Handle, host_error, spool
from jettison.layers.path import normalise, parent
from jettison.layers.stream import Blob, Compression, Region, decompressed, opened, sniff
from jettison.layers.tar import BLOCK, TarReader
from jettison.limits import MAX_ARCHIVE_MEMBERS, MAX_JSON_BYTES, MAX_LAYER_BYTES, MAX_SYMLINKS
from jettison.linux.openat2 import open_in_root

_HINT = "the image is incomplete; copy or save it again"


class Files(Protocol):
    """Files by their path, `/` between folders."""

    def find(self, path: str, *, digest: Digest | None = None) -> Blob | None:
        """The regular file `path` as a blob, to be verified against `digest`; None if there is none."""


class FolderFiles:
    """The files below a folder; links lead nowhere outside of it."""

    def __init__(self, folder: Path) -> None:
        """Raises `NotFoundError` if there is no such folder."""
        self._folder = folder
        try:
            self._root = Handle(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        except (FileNotFoundError, NotADirectoryError):
            raise NotFoundError(f"{folder} is not a folder with an image layout") from None
        except OSError as error:
            raise host_error(error, f"cannot read {folder}") from None

    def find(self, path: str, *, digest: Digest | None = None) -> Blob | None:
        """See `Files.find`."""
        try:
            with self._open(path) as stream:
                size = os.fstat(stream.fileno()).st_size
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise host_error(error, f"cannot read {self._folder / path}") from None
        return Blob(lambda: self._open(path), size, digest, str(self._folder / path))

    def _open(self, path: str) -> io.FileIO:
        """The regular file `path`; a FIFO or device in its place is neither waited for nor read."""
        flags = os.O_RDONLY | os.O_NONBLOCK
        stream = io.FileIO(open_in_root(self._root.fileno(), path.encode(), flags), "rb")
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            stream.close()
            raise InvalidInputError(f"{self._folder / path} is not a regular file")
        return stream


class ArchiveFiles:
    """The files in a tar that can be seeked in; the whole tar may be compressed or come from a pipe."""

    def __init__(self, file: Handle, what: str) -> None:
        """Raises `InvalidInputError` if `file` is not a tar, `LimitError` for one with too many members."""
        self._file = _plain(file, what)
        self._what = what
        source = _Seeking(self._file)
        self._members: dict[bytes, tuple[Entry, int]] = {}
        for entry in TarReader(source, what):
            if len(self._members) >= MAX_ARCHIVE_MEMBERS:
                raise LimitError(f"{what} has more than {MAX_ARCHIVE_MEMBERS} members")
            self._members[entry.path] = (entry, source.position)

    @classmethod
    def at(cls, path: Path) -> ArchiveFiles:
        """The files of the archive at `path`; raises `NotFoundError`, `UsageError`, `HostError`."""
        try:
            return cls(Handle(os.open(path, os.O_RDONLY | os.O_CLOEXEC)), str(path))
        except FileNotFoundError:
            raise NotFoundError(f"there is no file {path}") from None
        except IsADirectoryError:
            raise UsageError(f"{path} is a folder", hint=f"an OCI layout is written oci:{path}") from None
        except OSError as error:
            raise host_error(error, f"cannot read {path}") from None

    def find(self, path: str, *, digest: Digest | None = None) -> Blob | None:
        """See `Files.find`; links between members, which old archives have for equal layers, are followed."""
        name = normalise(path.encode(errors="surrogateescape"))
        for _ in range(MAX_SYMLINKS):
            entry, offset = self._members.get(name, (None, 0))
            if entry is None:
                return None
            if entry.kind is Kind.FILE:
                return self._blob(offset, entry.size, digest, path)
            if entry.kind not in (Kind.SYMLINK, Kind.HARDLINK):
                return None
            beside = entry.kind is Kind.SYMLINK and not entry.target.startswith(b"/")
            name = normalise(parent(name) + b"/" + entry.target if beside else entry.target)
        return None

    def _blob(self, offset: int, size: int, digest: Digest | None, path: str) -> Blob:
        return Blob(lambda: Region(self._file, offset, size), size, digest, f"{self._what}: {path}")


class _Seeking:
    """A `jettison.layers.tar.Source` that passes over content without reading it."""

    def __init__(self, file: Handle) -> None:
        self._descriptor = file.fileno()
        self._size = os.fstat(self._descriptor).st_size
        self.position = 0

    def read(self, size: int) -> bytes:
        """The next `size` bytes."""
        data = os.pread(self._descriptor, size, self.position)
        self.position += len(data)
        return data

    def skip(self, size: int) -> None:
        """Pass over `size` bytes."""
        self.position += size
        if self.position > self._size:
            raise InvalidInputError("the archive ends within a file")


def _plain(file: Handle, what: str) -> Handle:
    """`file` if it is a tar that can be read from anywhere; else a copy that is: a pipe's, or a compressed
    tar's."""
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file = spool(io.FileIO(file.fileno(), "rb", closefd=False), MAX_LAYER_BYTES, what)
    size = os.fstat(file.fileno()).st_size
    compression = sniff(os.pread(file.fileno(), BLOCK, 0), what)
    if compression is Compression.NONE:
        return file
    blob = Blob(lambda: Region(file, 0, size), size, None, what)
    with blob.open() as raw:
        return spool(decompressed(raw, compression, blob), MAX_LAYER_BYTES, what)


def required(files: Files, path: str, *, digest: Digest | None = None) -> Blob:
    """The file `path` of `files`; raises `InvalidInputError` if there is none."""
    blob = files.find(path, digest=digest)
    if blob is None:
        raise InvalidInputError(f"the file {path!r} is missing", hint=_HINT)
    return blob


def read_document(blob: Blob) -> bytes:
    """All bytes of `blob`, verified, if it is not longer than a document may be."""
    if blob.size > MAX_JSON_BYTES:
        raise LimitError(f"{blob.what} has {blob.size} bytes; the limit is {MAX_JSON_BYTES}")
    with opened(blob) as stream:
        return stream.read(MAX_JSON_BYTES + 1)
