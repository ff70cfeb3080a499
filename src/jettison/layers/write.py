"""Writing a layer: a chosen part of a file tree as a tar that is the same for the same input."""

from __future__ import annotations

import hashlib
import sys
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from msgspec import Struct, structs

from jettison.errors import InvalidInputError
from jettison.image.digest import Digest
from jettison.layers.changes import IMPLIED_MODE, Node
from jettison.layers.entry import Entry, Kind
from jettison.layers.files import new_file
from jettison.layers.header import END, header, padding
from jettison.layers.path import encode_path, parent
from jettison.layers.stream import Compression
from jettison.layers.tar import CHUNK
from jettison.layers.tree import FileTree

if TYPE_CHECKING or sys.version_info < (3, 14):
    from backports import zstd
else:
    from compression import zstd

_GZIP_LEVEL = 6
"""zlib's, whose output does not depend on the processor as that of faster libraries does."""
_ZSTD_LEVEL = 3


class LayerBlob(Struct, frozen=True):
    """A layer in a file."""

    path: Path
    diff_id: Digest
    """Of the uncompressed tar."""
    digest: Digest
    """Of the file."""
    size: int
    """Bytes of the file."""
    uncompressed_size: int
    compression: Compression


def write_layer(
    tree: FileTree,
    paths: Iterable[bytes],
    destination: Path,
    *,
    extra: Sequence[tuple[Entry, bytes]] = (),
    compression: Compression = Compression.NONE,
    clamp_mtime: int | None = None,
) -> LayerBlob:
    """Write `paths` of `tree`, with the folders that hold them, as a layer to the file `destination`.

    Content, owners, modes, times and attributes are those of the original layers; names of one file stay
    hard links of each other. `extra` are entries with their content, which replace those of the tree. No
    time is later than `clamp_mtime` seconds since the epoch. The file appears complete or not at all.
    Raises `InvalidInputError` for a path that the tree does not have, `HostError` if a layer cannot be read
    or the file not be written.
    """
    added = {entry.path: (entry, content) for entry, content in extra}
    chosen = _with_folders(tree, (*paths, *added), added)
    with new_file(destination, durable=False) as stream:
        sink = _Sink(stream, compression)
        writer = _Writer(tree, sink, clamp_mtime)
        for path in sorted(chosen):
            if path in added:
                writer.put(*added[path])
            elif (node := tree.get(path)) is not None:
                writer.put_node(node)
            else:
                writer.put(Entry(path, Kind.DIR, IMPLIED_MODE), b"")
        return sink.finish(destination)


def _with_folders(
    tree: FileTree, paths: Iterable[bytes], added: dict[bytes, tuple[Entry, bytes]]
) -> set[bytes]:
    """`paths` and all folders above them, up to the root."""
    chosen: set[bytes] = set()
    for path in paths:
        if path not in tree and path not in added:
            raise InvalidInputError(f"the image has no file {encode_path(path)!r} to put into a layer")
        while path not in chosen:
            chosen.add(path)
            path = parent(path)
    return chosen


class _Writer:
    """Writes entries one after the other."""

    def __init__(self, tree: FileTree, sink: _Sink, clamp_mtime: int | None) -> None:
        self._tree = tree
        self._sink = sink
        self._latest = None if clamp_mtime is None else clamp_mtime * 1_000_000_000
        self._written: dict[int, bytes] = {}
        """Inode number → the name under which the file was written."""

    def put(self, entry: Entry, content: bytes) -> None:
        """Write an entry with its content."""
        entry = structs.replace(entry, size=len(content) if entry.kind is Kind.FILE else 0)
        self._head(entry)
        if entry.size:
            self._sink.write(content + padding(len(content)))

    def put_node(self, node: Node) -> None:
        """Write a node of the tree, with the content that the original layer has."""
        if node.inode and (first := self._written.setdefault(node.inode, node.path)) != node.path:
            self._head(structs.replace(node, kind=Kind.HARDLINK, target=first, size=0))
            return
        self._head(node)
        if node.kind is Kind.FILE and node.size:
            with closing(self._tree.open(node)) as stream:
                self._copy(stream, node)

    def _head(self, entry: Entry) -> None:
        if self._latest is not None and entry.mtime_ns > self._latest:
            entry = structs.replace(entry, mtime_ns=self._latest)
        self._sink.write(header(entry))

    def _copy(self, stream: BinaryIO, node: Node) -> None:
        left = node.size
        while left and (piece := stream.read(min(left, CHUNK))):
            left -= len(piece)
            self._sink.write(piece)
        if left:
            raise InvalidInputError(f"{encode_path(node.path)!r} became shorter while it was read")
        self._sink.write(padding(node.size))


class _Sink:
    """Compresses and hashes what is written."""

    def __init__(self, stream: BinaryIO, compression: Compression) -> None:
        self._stream = stream
        self._compression = compression
        self._compress, self._flush = _compressor(compression)
        self._plain = hashlib.sha256()
        self._packed = hashlib.sha256() if compression is not Compression.NONE else self._plain
        self._plain_size = self._size = 0

    def write(self, data: bytes) -> None:
        """Take up the next bytes of the tar."""
        self._plain.update(data)
        self._plain_size += len(data)
        self._emit(self._compress(data))

    def finish(self, path: Path) -> LayerBlob:
        """End the tar; what was written."""
        self.write(END)
        self._emit(self._flush())
        return LayerBlob(
            path=path,
            diff_id=Digest("sha256:" + self._plain.hexdigest()),
            digest=Digest("sha256:" + self._packed.hexdigest()),
            size=self._size,
            uncompressed_size=self._plain_size,
            compression=self._compression,
        )

    def _emit(self, data: bytes) -> None:
        if self._packed is not self._plain:
            self._packed.update(data)
        self._size += len(data)
        self._stream.write(data)


def _compressor(compression: Compression) -> tuple[Callable[[bytes], bytes], Callable[[], bytes]]:
    """The functions that compress a piece and that end the stream."""
    if compression is Compression.GZIP:
        gzip = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, 31)
        return gzip.compress, gzip.flush
    if compression is Compression.ZSTD:
        packer = zstd.ZstdCompressor(level=_ZSTD_LEVEL)
        return packer.compress, packer.flush
    return bytes, bytes
