"""A layer that is a tar, compressed or not."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from typing import BinaryIO

from msgspec import structs

from jettison.errors import InvalidInputError, RefusedError, RemoteError
from jettison.image.digest import Digest
from jettison.layers.changes import Changes, Collector
from jettison.layers.entry import Entry
from jettison.layers.files import Handle
from jettison.layers.stream import BUFFER, Blob, Compression, Region, sniff, uncompressed
from jettison.layers.tar import StreamSource, TarReader

_HEADERS = 1 << 15
"""Bytes that are fetched at once around headers: small files are passed over within them."""


@dataclass(slots=True, eq=False)
class TarLayer:
    """A `jettison.image.model.Layer` in a blob."""

    diff_id: Digest
    blob: Blob
    directory: Path | None = None
    _verified: bool = field(default=False, init=False)
    _verifying: Lock = field(default_factory=Lock, init=False)

    def open(self) -> AbstractContextManager[BinaryIO]:
        """The uncompressed tar; reading to the end verifies the digests."""
        return uncompressed(self.blob, self.diff_id)

    def entries(self) -> Iterator[Entry]:
        """The entries; the last of them is followed by the verification of the digests."""
        with self.open() as stream:
            yield from TarReader(StreamSource(stream), self.blob.what)
            drain(stream)

    def place(self) -> tuple[Handle, int] | None:
        """The open file that has the tar as it is, and where it begins there; None if it is compressed."""
        with self.blob.open() as raw:
            if sniff(raw.read(8) or b"", self.blob.what) is not Compression.NONE:
                return None
            if isinstance(raw, Region):
                return raw.file, raw.start
            return (Handle(os.dup(raw.fileno())), 0) if isinstance(raw, io.FileIO) else None

    def changes(self) -> Changes:
        """What the layer changes, verified; its nodes know where their content begins in the tar.

        A tar in a file is hashed beside, by another processor, while the headers alone are read.
        """
        place = self.place()
        if place is None:
            with self.open() as stream:
                changes = _collect(StreamSource(stream), self.blob.what)
                drain(stream)
            return changes
        with ThreadPoolExecutor(1) as pool:
            verified = pool.submit(self.verify)
            try:
                return _collect(_Headers(*place, self.blob.size), self.blob.what)
            finally:
                verified.result()

    def verify(self, stop: Event | None = None) -> None:
        """Read all of the layer, unless this was done before, or `stop` is set; raises `DigestError`,
        `InvalidInputError`, and what opening the blob raises.

        A layer that is being received is read as it comes. Threads may call it: one reads, the others wait.
        """
        stop = stop or Event()
        with self._verifying:
            if not self._verified and not self._is_right_as_it_comes(stop):
                with self.open() as stream:
                    drain(stream, stop)
            self._verified = self._verified or not stop.is_set()

    def _is_right_as_it_comes(self, stop: Event) -> bool:
        arriving = self.blob.arriving
        if arriving is None:
            return False
        coming = structs.replace(self.blob, open=lambda: arriving(stop), digest=None)  # verified at its end
        try:
            with uncompressed(coming, self.diff_id) as stream:
                drain(stream, stop)
        except (RefusedError, RemoteError):  # `open` tells what is wrong
            return False
        return True


class _Headers:
    """A `jettison.layers.tar.Source` that passes over content without reading it."""

    def __init__(self, file: Handle, start: int, size: int) -> None:
        self._file = file
        self._start = start
        self._size = size
        self._buffer = b""
        self._base = 0
        """Where the buffer begins."""
        self.position = 0

    def read(self, size: int) -> bytes:
        """The next `size` bytes."""
        at = self.position - self._base
        if at + size > len(self._buffer):
            wanted = min(max(size, _HEADERS), self._size - self.position)
            self._buffer = os.pread(self._file.fileno(), wanted, self._start + self.position)
            self._base, at = self.position, 0
        data = self._buffer[at : at + size]
        self.position += len(data)
        return data

    def skip(self, size: int) -> None:
        """Pass over `size` bytes."""
        self.position += size
        if self.position > self._size:
            raise InvalidInputError("the archive ends within a file")


def _collect(source: StreamSource | _Headers, what: str) -> Changes:
    collector = Collector()
    for entry in TarReader(source, what):
        collector.add(entry, source.position)
    return collector.finish()


def drain(stream: BinaryIO, stop: Event | None = None) -> None:
    """Read `stream` to its end, where it is verified, or until `stop` is set."""
    while stream.read(BUFFER):
        if stop is not None and stop.is_set():
            return
