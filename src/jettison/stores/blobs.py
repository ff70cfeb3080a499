"""Blobs of registries in the user's cache, by digest: what was pulled once is not pulled again."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jettison.cache import cache_folder
from jettison.image.digest import Digest
from jettison.layers.files import Handle, host_errors, sync_folder
from jettison.layers.stream import BUFFER, Region
from jettison.layers.upkeep import items, prune
from jettison.limits import MAX_BLOB_CACHE_BYTES

FOLDER = "blobs"
_PART = ".part"


class BlobStore:
    """A folder of blobs. One appears complete and verified or not at all; processes may share it."""

    def __init__(self) -> None:
        folder = cache_folder(FOLDER)
        self._own = tempfile.TemporaryDirectory(prefix="jettison-blobs-") if folder is None else None
        self._folder = Path(self._own.name) if self._own else folder or Path()

    def path(self, digest: Digest) -> Path:
        """Where the blob is, once it is there."""
        return self._folder / f"{digest.algorithm}-{digest.hex}"

    def has(self, digest: Digest, size: int) -> bool:
        """Whether the blob is there; one of another size is damaged, and removed."""
        path = self.path(digest)
        try:
            if path.stat().st_size == size:
                os.utime(path)  # the least recently used go first
                return True
            path.unlink()
        except OSError:
            pass
        return False

    def release(self, digest: Digest, target: Path) -> bool:
        """Move the blob out of the cache to `target`, where it is an ordinary file; whether that could be
        done. Whoever reads it there at this moment goes on reading the same bytes."""
        try:
            self.path(digest).rename(target)
        except OSError:  # another file system, or somebody has removed it
            return False
        target.chmod(0o644)
        return True

    def bound(self) -> None:
        """Remove the least recently used blobs over `MAX_BLOB_CACHE_BYTES`."""
        prune([item for item in items(self._folder.parent) if item.kind == FOLDER], MAX_BLOB_CACHE_BYTES)

    def open(self, digest: Digest, size: int) -> Region:
        """The bytes of a blob that is there; raises FileNotFoundError if it is not any more."""
        return Region(Handle(os.open(self.path(digest), os.O_RDONLY | os.O_CLOEXEC)), 0, size)

    @contextmanager
    def receiving(self, digest: Digest) -> Iterator[Part]:
        """The part of a blob that was received so far, by this process or an earlier one; for one at a time.

        Raises `HostError`.
        """
        path = self.path(digest)
        with host_errors(f"cannot write in the cache {self._folder}"):
            part = Part(_locked(path.with_name(path.name + _PART)), digest, path)
        try:
            yield part
        finally:
            part.close()


class Part:
    """A blob that is being received."""

    def __init__(self, descriptor: int, digest: Digest, path: Path) -> None:
        self._descriptor = descriptor
        self._digest = digest
        self._path = path
        self._hash = hashlib.new(digest.algorithm)
        self.size = 0
        """Bytes received."""
        while piece := os.read(descriptor, BUFFER):
            self._hash.update(piece)
            self.size += len(piece)

    def fileno(self) -> int:
        """The descriptor of its file."""
        return self._descriptor

    def write(self, piece: bytes) -> None:
        """Add the next bytes; raises `HostError`."""
        self._hash.update(piece)
        self.size += len(piece)
        with host_errors(f"cannot write {self._path}"):
            while piece:
                piece = piece[os.write(self._descriptor, piece) :]

    def restart(self) -> None:
        """Throw away what was received."""
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        self._hash = hashlib.new(self._digest.algorithm)
        self.size = 0

    @property
    def is_right(self) -> bool:
        """Whether what was received has the digest."""
        return self._hash.hexdigest() == self._digest.hex

    def keep(self) -> None:
        """Give the blob, which is right, its name; durable, since it is not read again before it is used."""
        with host_errors(f"cannot write {self._path}"):
            os.fdatasync(self._descriptor)
            os.fchmod(self._descriptor, 0o444)
            self._path.with_name(self._path.name + _PART).rename(self._path)
            sync_folder(self._path.parent)

    def close(self) -> None:
        """Let another process go on; an empty part is removed."""
        with suppress(OSError):
            if not self.size:
                os.unlink(self._path.with_name(self._path.name + _PART))
        os.close(self._descriptor)


def _locked(path: Path) -> int:
    """A descriptor of the file `path` that holds its lock; the file may have been renamed while we waited."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                return descriptor
        os.close(descriptor)
