"""What was read out of a file once and holds for ever: kept between runs by the digest of the layer that has
the file.

A layer's content is fixed by its digest, so `(digest, path)` names a content without hashing it again. The
store is a cache: it may be deleted at any time, and what cannot be read back is computed anew.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import msgspec

if TYPE_CHECKING:
    from jettison.image.digest import Digest
    from jettison.layers.tree import Node

T = TypeVar("T")
_MAX_TABLE_BYTES: Final = 256 << 20


class FactKind(Generic[T]):
    """A kind of fact: its name, the version of the code that computes it, and its type."""

    def __init__(self, name: str, version: int, kind: type[T]) -> None:
        self.folder = f"{name}-{version}"
        self.decoder: msgspec.msgpack.Decoder[dict[bytes, T]] = msgspec.msgpack.Decoder(
            dict[bytes, kind]  # type: ignore[valid-type]  # a type made at run time
        )


class _Table:
    """The facts of one kind and one layer."""

    def __init__(self, path: Path | None, decoder: msgspec.msgpack.Decoder[Any]) -> None:
        self.path = path
        self.dirty = False
        self.facts: dict[bytes, Any] = {}
        with contextlib.suppress(OSError, msgspec.DecodeError):
            if path is not None and path.stat().st_size <= _MAX_TABLE_BYTES:
                self.facts = decoder.decode(path.read_bytes())

    def save(self) -> None:
        if self.path is None or not self.dirty:
            return
        with contextlib.suppress(OSError):  # a full or read-only cache slows the next run down, no more
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=self.path.parent, delete=False) as file:
                try:
                    file.write(msgspec.msgpack.encode(self.facts))
                    Path(file.name).replace(self.path)
                except OSError:
                    os.unlink(file.name)
        self.dirty = False


class Facts:
    """The facts of one image."""

    def __init__(self, layers: Sequence[Digest], folder: Path | None = None) -> None:
        """`layers` are the diff_ids of the image, base first; without `folder` nothing outlives the
        process."""
        self._layers = layers
        self._folder = folder
        self._tables: dict[tuple[str, int], _Table] = {}

    def get(self, kind: FactKind[T], node: Node, compute: Callable[[Node], T]) -> T:
        """The fact of `kind` about the file `node`; `compute` is called when it is not known yet."""
        table = self._table(kind, node.layer)
        if node.path not in table.facts:
            table.facts[node.path] = compute(node)
            table.dirty = True
        found: T = table.facts[node.path]
        return found

    def save(self) -> None:
        """Writes what is new, each table at once and atomically."""
        for table in self._tables.values():
            table.save()

    def _table(self, kind: FactKind[Any], layer: int) -> _Table:
        key = kind.folder, layer
        if key not in self._tables:
            path = None
            if self._folder is not None and layer < len(self._layers):
                path = self._folder / kind.folder / self._layers[layer].hex
            self._tables[key] = _Table(path, kind.decoder)
        return self._tables[key]


def default_folder() -> Path:
    """Where facts are kept: `$XDG_CACHE_HOME/jettison/facts`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base, "jettison", "facts")
