"""The merged file system of an image, with the content of its files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from jettison.errors import InvalidInputError, LimitError
from jettison.image.model import Image
from jettison.layers.cache import changes_of
from jettison.layers.changes import Changes, Node
from jettison.layers.content import Content, Folder, Tar
from jettison.layers.entry import Kind
from jettison.layers.layer import TarLayer
from jettison.layers.merge import MergedTree, Resolved
from jettison.layers.path import encode_path
from jettison.layers.unpack import at_hand, unpacked
from jettison.limits import MAX_SMALL_FILE_BYTES

__all__ = ["FileTree", "Node", "Resolved"]


class FileTree(MergedTree):
    """Every path of an image: what it is, which layer it is from, and its content."""

    def __init__(self, layers: Iterable[Changes], image: Image) -> None:
        """The tree of `image`, whose `layers` are known; use `FileTree.of`."""
        super().__init__(layers)
        self._image = image
        self._contents: dict[int, Content] = {}

    @classmethod
    def of(cls, image: Image) -> FileTree:
        """The tree of `image`. Layers are read to their end and verified, unless they were before (see
        `cache`).

        Raises `RefusedError` for a layer that is malformed or not what its digest says.
        """
        return cls((changes_of(layer) for layer in image.layers), image)

    def open(self, node: Node) -> BinaryIO:
        """The content of the FILE `node`, from the layer that holds it.

        Raises `InvalidInputError` for anything but a FILE, `HostError` if the layer's folder no longer has
        it.
        """
        layer, path = self.origin(_file(node))
        return self.content(layer).stream(path, node.size, node.offset)

    def read(self, node: Node, limit: int = MAX_SMALL_FILE_BYTES) -> bytes:
        """The whole content of `node`; raises `LimitError` if it has more than `limit` bytes, and as
        `open` does."""
        if node.size > limit:
            raise LimitError(f"{encode_path(node.path)!r} has {node.size} bytes; the limit is {limit}")
        return self.head(node, node.size)

    def head(self, node: Node, size: int) -> bytes:
        """The first `size` bytes of `node`, fewer if it is shorter; raises as `open` does."""
        layer, path = self.origin(_file(node))
        return self.content(layer).head(path, node.size, node.offset, size)

    def content(self, layer: int) -> Content:
        """The files of one layer, hidden ones too; raises `HostError`, `RefusedError` if it cannot be
        opened."""
        if layer not in self._contents:
            self._contents[layer] = _content(self._image, layer)
        return self._contents[layer]


def _content(image: Image, index: int) -> Content:
    """A folder if there is one already; a tar as it is, since unpacking costs more than all that is read of
    it."""
    layer, folder = image.layers[index], at_hand(image, index)
    if folder is None and isinstance(layer, TarLayer):
        return Tar(layer)
    return Folder(folder or unpacked(image, index))


def _file(node: Node) -> Node:
    if node.kind is not Kind.FILE:
        raise InvalidInputError(f"{encode_path(node.path)!r} is not a regular file")
    return node
