"""A layer that is a tar, compressed or not."""

from __future__ import annotations

import enum
import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from typing import BinaryIO

from msgspec import structs

from jettison.errors import InvalidInputError, RefusedError, RemoteError
from jettison.image.digest import Digest
from jettison.image.model import Layer
from jettison.layers.changes import Changes, Collector
from jettison.layers.entry import Entry
from jettison.layers.files import Handle
from jettison.layers.hashing import Hashing, Part
from jettison.layers.stream import BUFFER, Blob, Compression, Region, sniff, uncompressed
from jettison.layers.tar import StreamSource, TarReader

_WORTH_A_PROCESS = 16 << 20
"""Bytes that take longer to hash than a process takes to begin."""
_HEADERS = 1 << 15
"""Bytes that are fetched at once around headers: small files are passed over within them."""


class _State(enum.Enum):
    """What is known of a layer's digests."""

    UNKNOWN = enum.auto()
    PROMISED = enum.auto()
    """Another process is hashing it."""
    RIGHT = enum.auto()


@dataclass(slots=True, eq=False)
class TarLayer:
    """A `jettison.image.model.Layer` in a blob."""

    diff_id: Digest
    blob: Blob
    directory: Path | None = None
    _state: _State = field(default=_State.UNKNOWN, init=False)
    _waiting: list[Callable[[], None]] = field(default_factory=list, init=False)
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
        """What the layer changes; its nodes know where their content begins in the tar.

        It is verified, or will be at the end of the `verified_beside` within which this is called.
        """
        place = self.place()
        if place is not None:
            with verified_beside([self]):
                return _collect(_Headers(*place, self.blob.size), self.blob.what)
        with self.open() as stream:
            changes = _collect(StreamSource(stream), self.blob.what)
            drain(stream)
        return changes

    def verify(self, stop: Event | None = None) -> None:
        """Read all of the layer, unless this was done before, another process does, or `stop` is set; raises
        `DigestError`, `InvalidInputError`, and what opening the blob raises.

        A layer that is being received is read as it comes. Threads may call it: one reads, the others wait.
        """
        stop = stop or Event()
        with self._verifying:
            if self._state is not _State.UNKNOWN:
                return
            if not self._is_right_as_it_comes(stop):
                with self.open() as stream:
                    drain(stream, stop)
            if not stop.is_set():
                self._state = _State.RIGHT

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

    def when_verified(self, do: Callable[[], None]) -> None:
        """Call `do` now or, while another process verifies the layer, once it did; never if it is wrong."""
        if self._state is _State.PROMISED:
            self._waiting.append(do)
        else:
            do()

    def part(self) -> Part | None:
        """What has to be hashed to verify the layer; None if it need not be, or is compressed."""
        place = self.place() if self._state is _State.UNKNOWN else None
        digests = {self.diff_id, self.blob.digest or self.diff_id}
        return Part(*place, self.blob.size, tuple(sorted(digests))) if place else None

    def promise(self) -> None:
        """Take the layer as verified for now."""
        self._state = _State.PROMISED

    def trust(self) -> None:
        """Take it as verified for good, by another's word."""
        self._state = _State.RIGHT
        while self._waiting:
            self._waiting.pop()()

    def break_promise(self) -> None:
        """It was not verified."""
        if self._state is _State.PROMISED:
            self._state = _State.UNKNOWN
            self._waiting.clear()


@contextmanager
def verified_beside(layers: Iterable[Layer]) -> Iterator[None]:
    """Tars that can be read in place count as verified within the block, while another process hashes them.

    The end of the block waits for it, and raises `DigestError` or `InvalidInputError` if one is not what its
    digests say. What the block learned must not leave it before, to the disk or to the screen. So ends a
    block too that fails over what it read: the digests explain more.
    """
    parts = [(tar, part) for tar in layers if isinstance(tar, TarLayer) and (part := tar.part())]
    hashing = _hashing([part for _, part in parts])
    if hashing is None:
        for tar, _ in parts:
            tar.verify()
        yield
        return
    for tar, _ in parts:
        tar.promise()
    try:
        try:
            yield
        except RefusedError:
            _settle((tar for tar, _ in parts), hashing)
            raise
        _settle((tar for tar, _ in parts), hashing)
    finally:
        hashing.end()
        for tar, _ in parts:
            tar.break_promise()


def _hashing(parts: Sequence[Part]) -> Hashing | None:
    """The process; None where it would not pay, or there may be no more processes."""
    if sum(part.size for part in parts) < _WORTH_A_PROCESS:
        return None
    try:
        return Hashing(parts)
    except OSError:
        return None


def _settle(tars: Iterable[TarLayer], hashing: Hashing) -> None:
    for tar in tars:
        if hashing.is_right():
            tar.trust()
        else:
            tar.break_promise()
            tar.verify()  # says what is wrong


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
