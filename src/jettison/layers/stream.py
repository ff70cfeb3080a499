"""Streams of layers: a region of a file, its decompression, and its verification, each reading only what it
must.

gzip is read with all its members and zstd with all its frames (eStargz and zstd:chunked layers have many);
what a layer is compressed with is told by its first bytes, never by its media type or name, because engines
do so too.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from isal import igzip, isal_zlib
from msgspec import Struct

from jettison.errors import DigestError, InvalidInputError, LimitError
from jettison.image.digest import Digest
from jettison.layers.files import Handle
from jettison.limits import MAX_COMPRESSION_RATIO, MAX_LAYER_BYTES, MIB

if TYPE_CHECKING or sys.version_info < (3, 14):
    from backports import zstd
else:
    from compression import zstd

BUFFER = 256 * 1024
_RATIO_FREE = 64 * MIB
"""Output up to here is never a bomb."""
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = tuple(bytes((low,)) + b"\x2a\x4d\x18" for low in range(0x50, 0x60))
_UNKNOWN = {b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x04\x22\x4d\x18": "lz4"}
_DAMAGED: tuple[type[Exception], ...] = (
    EOFError,
    zlib.error,
    cast(type[Exception], isal_zlib.error),
    igzip.BadGzipFile,
    zstd.ZstdError,
)


class Compression(StrEnum):
    """How a layer is compressed."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"


class Blob(Struct, frozen=True):
    """Bytes that can be read again and again, and what they must hash to."""

    open: Callable[[], io.RawIOBase]
    """A new raw stream of exactly the bytes of the blob."""
    size: int
    digest: Digest | None = None
    """None where the source declares none for these bytes (layers of Docker archives)."""
    what: str = "the blob"
    """Its name in errors."""
    file: Callable[[], Path] | None = None
    """Gives a file that holds exactly these bytes, verified and never written again, so that a copy of it
    needs no second look; waits until they are there."""
    release: Callable[[Path], bool] | None = None
    """Moves that file to another path if nobody else has use for it; whether it did."""
    arriving: Callable[[Event], io.RawIOBase] | None = None
    """A raw stream of bytes that are just being received, until the event is set. They are right only if it
    ends without an error; what is not right or not on its way any more, `open` waits for."""


class Region(io.RawIOBase):
    """`size` bytes of an open file from `offset` on; the file's own position is neither used nor moved."""

    def __init__(self, file: Handle, offset: int, size: int) -> None:
        self.file = file
        self.start = self._position = offset
        self._end = offset + size

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer`; 0 at the end, `InvalidInputError` if the file ends before the region does."""
        view = memoryview(buffer).cast("B")[: max(0, self._end - self._position)]
        if not view:
            return 0
        count = os.preadv(self.file.fileno(), [view], self._position)
        if not count:
            raise InvalidInputError("the file ends within it")
        self._position += count
        return count


class Verified(io.RawIOBase):
    """A stream that is hashed as it is read; its end raises `DigestError` if it is not what was declared."""

    def __init__(self, raw: BinaryIO | io.RawIOBase, digest: Digest | None, what: str) -> None:
        self._raw = cast(io.RawIOBase, raw)
        self._digest = digest
        self._hash = hashlib.new(digest.algorithm) if digest else None
        self._what = what
        self.count = 0
        """Bytes read so far."""

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer`; 0 at the end, if the digest is right."""
        count = self._raw.readinto(buffer) or 0
        if count:
            self.count += count
            if self._hash:
                self._hash.update(memoryview(buffer)[:count])
        elif self._hash and self._digest and self._hash.hexdigest() != self._digest.hex:
            raise DigestError(f"{self._what} does not have the digest {self._digest}", hint=_REFETCH)
        return count


_REFETCH = "it was damaged or altered; fetch or build the image again"


class _Decompressed(io.RawIOBase):
    """The output of a decompressor over `source`, bounded in size and ratio, its errors as ours."""

    def __init__(self, stream: Any, source: Verified, what: str) -> None:
        self._stream = stream
        self._source = source
        self._what = what
        self._count = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer`; 0 once the compressed bytes are all read and verified."""
        try:
            count: int = self._stream.readinto(buffer)
        except _DAMAGED as error:
            raise InvalidInputError(f"{self._what} is damaged: {error}", hint=_REFETCH) from None
        self._count += count
        if self._count > MAX_LAYER_BYTES:
            raise LimitError(f"{self._what} has more than {MAX_LAYER_BYTES} bytes")
        if self._count > max(_RATIO_FREE, self._source.count * MAX_COMPRESSION_RATIO):
            raise LimitError(
                f"{self._what} is a decompression bomb: {self._count} bytes from {self._source.count}"
            )
        if not count:
            while self._source.read(BUFFER):
                pass
        return count


def sniff(head: bytes, what: str) -> Compression:
    """The compression of data that begins with `head`; raises `InvalidInputError` for those that layers
    cannot have."""
    if head.startswith(_GZIP):
        return Compression.GZIP
    if head.startswith((_ZSTD, *_SKIPPABLE)):
        return Compression.ZSTD
    for magic, name in _UNKNOWN.items():
        if head.startswith(magic):
            raise InvalidInputError(f"{what} is compressed with {name}, which image layers cannot be")
    return Compression.NONE


@contextmanager
def opened(blob: Blob) -> Iterator[BinaryIO]:
    """The bytes of `blob` as they are; reading to the end verifies its digest (`DigestError`)."""
    with blob.open() as raw, io.BufferedReader(Verified(raw, blob.digest, blob.what), BUFFER) as stream:
        yield cast(BinaryIO, stream)


@contextmanager
def uncompressed(blob: Blob, diff_id: Digest) -> Iterator[BinaryIO]:
    """The tar in `blob`; reading to the end verifies the digests of both forms (`DigestError`)."""
    with blob.open() as raw:
        head = raw.read(8) or b""
    compression = sniff(head, blob.what)
    with blob.open() as raw:
        if compression is Compression.NONE:
            digest = blob.digest if blob.digest != diff_id else None
            outer: io.RawIOBase = Verified(raw, digest, blob.what) if digest else raw
        else:
            outer = decompressed(raw, compression, blob)
        with io.BufferedReader(Verified(outer, diff_id, f"the content of {blob.what}"), BUFFER) as stream:
            yield cast(BinaryIO, stream)


def decompressed(raw: io.RawIOBase, compression: Compression, blob: Blob) -> io.RawIOBase:
    """A raw stream of what `raw`, the bytes of `blob`, holds."""
    source = Verified(raw, blob.digest, blob.what)
    if compression is Compression.GZIP:
        stream: Any = igzip.IGzipFile(fileobj=io.BufferedReader(source, BUFFER), mode="rb")  # type: ignore[no-untyped-call]
    else:
        stream = zstd.ZstdFile(cast(BinaryIO, io.BufferedReader(source, BUFFER)), "rb")
    return _Decompressed(stream, source, blob.what)
