"""The merged file system of an image, with the content of its files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import BinaryIO

from jettison.errors import InvalidInputError, LimitError
from jettison.image.model import Image
from jettison.layers.cache import changes_of
from jettison.layers.changes import Changes, Node
from jettison.layers.content import Folder
from jettison.layers.entry import Kind
from jettison.layers.merge import MergedTree, Resolved
from jettison.layers.path import encode_path
from jettison.layers.unpack import unpacked
from jettison.limits import MAX_SMALL_FILE_BYTES

__all__ = ["FileTree", "Node", "Resolved"]


class FileTree(MergedTree):
    """Every path of an image: what it is, which layer it is from, and its content."""

    def __init__(self, layers: Iterable[Changes], image: Image) -> None:
        """The tree of `image`, whose `layers` are known; use `FileTree.of`."""
        super().__init__(layers)
        self._image = image
        self._folders: dict[int, Folder] = {}

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
        return open(self._descriptor(node), "rb")

    def read(self, node: Node, limit: int = MAX_SMALL_FILE_BYTES) -> bytes:
        """The whole content of `node`; raises `LimitError` if it has more than `limit` bytes, and as
        `open` does."""
        if node.size > limit:
            raise LimitError(f"{encode_path(node.path)!r} has {node.size} bytes; the limit is {limit}")
        return self.head(node, node.size)

    def head(self, node: Node, size: int) -> bytes:
        """The first `size` bytes of `node`, fewer if it is shorter; raises as `open` does."""
        descriptor = self._descriptor(node)
        try:
            found = os.read(descriptor, size)
            while len(found) < min(size, node.size) and (more := os.read(descriptor, size - len(found))):
                found += more
            return found
        finally:
            os.close(descriptor)

    def _descriptor(self, node: Node) -> int:
        if node.kind is not Kind.FILE:
            raise InvalidInputError(f"{encode_path(node.path)!r} is not a regular file")
        layer, path = self.origin(node)
        folder = self._folders.get(layer)
        if folder is None:
            folder = self._folders[layer] = Folder(unpacked(self._image, layer))
        return folder.open(path, node.size)
