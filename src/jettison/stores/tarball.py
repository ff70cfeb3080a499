"""Files of a layout as a tar; the same files always give the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jettison.layers.entry import Entry, Kind
from jettison.layers.header import END, header, padding
from jettison.layers.stream import opened
from jettison.layers.tar import CHUNK
from jettison.stores.packed import Member


def tarball(files: Iterable[Member]) -> Iterator[bytes]:
    """The tar with `files` in pieces; blobs are verified, a wrong one raises `DigestError` before the end."""
    folders: set[str] = set()
    for file in files:
        yield from _folders(file.path, folders)
        yield header(Entry(file.path.encode(), Kind.FILE, 0o644, size=file.size))
        if isinstance(file.content, bytes):
            yield file.content
        else:
            with opened(file.content) as stream:
                while piece := stream.read(CHUNK):
                    yield piece
        yield padding(file.size)
    yield END


def _folders(path: str, written: set[str]) -> Iterator[bytes]:
    """Headers of the folders above `path` that are not in the tar yet."""
    parts = path.split("/")[:-1]
    for depth in range(1, len(parts) + 1):
        folder = "/".join(parts[:depth])
        if folder not in written:
            written.add(folder)
            yield header(Entry(folder.encode(), Kind.DIR, 0o755))
