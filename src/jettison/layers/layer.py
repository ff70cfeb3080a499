"""A layer that is a tar, compressed or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from jettison.image.digest import Digest
from jettison.layers.entry import Entry
from jettison.layers.stream import BUFFER, Blob, uncompressed
from jettison.layers.tar import StreamSource, TarReader


@dataclass(frozen=True, slots=True)
class TarLayer:
    """A `jettison.image.model.Layer` in a blob."""

    diff_id: Digest
    blob: Blob
    directory: Path | None = None

    def open(self) -> AbstractContextManager[BinaryIO]:
        """The uncompressed tar; reading to the end verifies the digests."""
        return uncompressed(self.blob, self.diff_id)

    def entries(self) -> Iterator[Entry]:
        """The entries; the last of them is followed by the verification of the digests."""
        with self.open() as stream:
            yield from TarReader(StreamSource(stream), self.blob.what)
            drain(stream)


def drain(stream: BinaryIO) -> None:
    """Read `stream` to its end, where it is verified."""
    while stream.read(BUFFER):
        pass
