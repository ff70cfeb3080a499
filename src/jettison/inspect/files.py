"""The content of any file of any layer, hidden ones included."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from jettison.image.model import Image
from jettison.layers.content import Folder
from jettison.layers.unpack import unpacked


class LayerFiles:
    """Opens files by the layer that holds them. Folders of layers stay open as long as it lives."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._folders: dict[int, Folder] = {}

    def prepare(self, layer: int) -> None:
        """Have `layer` at hand, before processes are forked that share it; raises `HostError`,
        `RefusedError`."""
        if layer not in self._folders:
            self._folders[layer] = Folder(unpacked(self._image, layer))

    def read(self, layer: int, path: bytes, size: int, limit: int) -> bytes:
        """The first `limit` bytes of a file that has `size`; raises `HostError` if it is not as declared."""
        descriptor = self._descriptor(layer, path, size)
        try:
            content = os.read(descriptor, min(size, limit))
            while len(content) < min(size, limit) and (more := os.read(descriptor, limit - len(content))):
                content += more
            return content
        finally:
            os.close(descriptor)

    @contextmanager
    def open(self, layer: int, path: bytes, size: int) -> Iterator[BinaryIO]:
        """A file as a stream that can be sought in; raises `HostError` if it is not as declared."""
        with os.fdopen(self._descriptor(layer, path, size), "rb") as stream:
            yield stream

    def _descriptor(self, layer: int, path: bytes, size: int) -> int:
        self.prepare(layer)
        return self._folders[layer].open(path, size)
