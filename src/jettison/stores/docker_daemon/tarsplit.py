"""Docker's layer store: a layer's folder, and the tar headers that were taken off it
(github.com/vbatts/tar-split).

The two together are the tar that the layer was made from, byte for byte: the engine sends the same when it
saves an image. Reading the headers alone gives every entry as the layer's digest covers it, a hundred times
faster.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec
from isal import igzip
from msgspec import Struct

from jettison.errors import InvalidInputError
from jettison.image.digest import Digest
from jettison.layers.content import Folder
from jettison.layers.entry import Entry
from jettison.layers.files import host_errors
from jettison.layers.stream import BUFFER, Verified
from jettison.layers.tar import BLOCK, CHUNK, TarReader, clean
from jettison.limits import MAX_PAX_BYTES

_MAX_LINE = 4 * MAX_PAX_BYTES
_FILE, _SEGMENT = 1, 2


class _Record(Struct, gc=False):
    """One line: raw bytes of the tar, or a file whose content comes from the folder."""

    type: int
    payload: bytes | None = None
    name: str = ""
    name_raw: bytes | None = None
    size: int = 0


_decoder = msgspec.json.Decoder(_Record)


@dataclass(frozen=True, slots=True)
class StoredLayer:
    """A `jettison.image.model.Layer` in the layer store of an engine on this host."""

    diff_id: Digest
    directory: Path
    headers: Path
    """Its `tar-split.json.gz`."""

    def entries(self) -> Iterator[Entry]:
        """The entries, from the headers alone."""
        with self._records() as records:
            yield from TarReader(_Headers(records), f"layer {self.diff_id.short}")

    def open(self) -> AbstractContextManager[BinaryIO]:
        """The tar put together again; reading to the end verifies it."""
        return self._assembled()

    @contextmanager
    def _assembled(self) -> Iterator[BinaryIO]:
        with self._records() as records:
            raw = Verified(
                _Assembled(records, Folder(self.directory)), self.diff_id, f"layer {self.diff_id.short}"
            )
            with io.BufferedReader(raw, BUFFER) as stream:
                yield cast(BinaryIO, stream)

    @contextmanager
    def _records(self) -> Iterator[Iterator[_Record]]:
        with host_errors(f"cannot read {self.headers}"):
            raw = open(self.headers, "rb")
        with raw:
            packed: Any = igzip.IGzipFile(fileobj=raw, mode="rb")  # type: ignore[no-untyped-call]
            yield _records(io.BufferedReader(packed, BUFFER))


def _records(stream: io.BufferedReader) -> Iterator[_Record]:
    try:
        while lines := stream.read(BUFFER):
            yield from _decoder.decode_lines(lines + stream.readline(_MAX_LINE))
    except (msgspec.DecodeError, EOFError) as error:
        raise InvalidInputError(f"the engine's description of a layer is damaged: {error}") from None


class _Headers:
    """A `jettison.layers.tar.Source` of headers, in which the content of files can only be skipped."""

    def __init__(self, records: Iterator[_Record]) -> None:
        self._records = records
        self._buffer = b""
        self._at = 0

    def read(self, size: int) -> bytes:
        """The next bytes that are not content."""
        end = self._at + size
        if end <= len(self._buffer):
            found = self._buffer[self._at : end]
            self._at = end
            return found
        found = self._buffer[self._at :]
        self._buffer, self._at = b"", 0
        for record in self._records:
            if record.type == _FILE:
                if record.size and len(found) < size:
                    raise InvalidInputError("content stands where a header should be")
                continue
            found += record.payload or b""
            if len(found) >= size:
                break
        self._buffer, self._at = found, size
        return found[:size]

    def skip(self, size: int) -> None:
        """Pass over content, which the folder has, and the padding after it, which stands here."""
        padding = size
        while self._at == len(self._buffer) and padding >= BLOCK:
            record = next(self._records, None)
            if record is None:
                break
            if record.type == _FILE:
                padding -= record.size
            else:
                self._buffer, self._at = record.payload or b"", 0
        if not 0 <= padding < BLOCK or len(self.read(padding)) < padding:
            raise InvalidInputError("the size of a file contradicts its header")


class _Assembled(io.RawIOBase):
    """The whole tar as a raw stream."""

    def __init__(self, records: Iterator[_Record], folder: Folder) -> None:
        self._pieces = self._all(records, folder)
        self._left = memoryview(b"")

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer`; 0 at the end."""
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        count = min(len(buffer), len(self._left))
        memoryview(buffer)[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    @staticmethod
    def _all(records: Iterator[_Record], folder: Folder) -> Iterator[bytes]:
        for record in records:
            if record.type == _SEGMENT:
                yield record.payload or b""
            elif record.size:
                path = clean(record.name_raw or record.name.encode())
                with open(folder.open(path, record.size, follow=True), "rb", buffering=0) as stream:
                    while piece := stream.read(CHUNK):
                        yield piece
