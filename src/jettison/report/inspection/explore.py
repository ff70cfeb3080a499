"""The paths of an inspected image as somebody walks through them: by size, by layer, by search, with who
brought and who hid each.

What a user interface asks, without any of its widgets.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Final

from msgspec import Struct

from jettison.errors import UsageError
from jettison.inspect.scan import Result
from jettison.inspect.space import Dead
from jettison.layers.changes import Node
from jettison.layers.entry import Kind
from jettison.layers.files import new_file
from jettison.layers.path import encode_path, name, parent, printable
from jettison.report.terminal import size as in_units

FINAL: Final = -1
"""The view of the final file system; others are the numbers of layers."""
MAX_FOUND: Final = 500
"""Results of a search."""
VIEWED_BYTES: Final = 128 * 1024
"""How much of a file is shown."""
_LETTERS: Final = {Kind.SYMLINK: "l", Kind.CHAR: "c", Kind.BLOCK: "b", Kind.FIFO: "p", Kind.SOCKET: "s"}


class Item(Struct, frozen=True):
    """A path in a view."""

    path: bytes
    size: int
    """Bytes of content, with all that is below a folder."""
    files: int
    """Regular files, itself or below."""
    node: Node | None
    """None for a folder that the view needs and does not have itself."""
    layer: int
    hidden_by: int | None = None
    """The later layer that hid it."""

    @property
    def is_folder(self) -> bool:
        """Whether something can be below it."""
        return self.node is None or self.node.kind is Kind.DIR

    @property
    def title(self) -> str:
        """Its name for the screen."""
        return printable(encode_path(name(self.path))) or "/"


class _View:
    """One view: what is in each folder, and how much."""

    def __init__(self, places: Iterable[tuple[Node, int | None]]) -> None:
        self._items: dict[bytes, tuple[Node, int | None]] = {}
        self._names: dict[bytes, set[bytes]] = defaultdict(set)
        self._sizes: dict[bytes, int] = defaultdict(int)
        self._files: dict[bytes, int] = defaultdict(int)
        inodes: set[int] = set()
        for node, hidden_by in places:
            self._items[node.path] = (node, hidden_by)
            counted = node.kind is Kind.FILE and (not node.inode or node.inode not in inodes)
            inodes.add(node.inode)
            self._count(node.path, node.size if counted else 0, node.kind is Kind.FILE)

    def _count(self, path: bytes, size: int, is_file: bool) -> None:
        here = path
        while True:
            self._sizes[here] += size
            self._files[here] += is_file
            if not here:
                return
            folder = parent(here)
            self._names[folder].add(here)
            here = folder

    def item(self, path: bytes) -> Item:
        node, hidden_by = self._items.get(path, (None, None))
        layer = node.layer if node is not None else FINAL
        return Item(path, self._sizes[path], self._files[path], node, layer, hidden_by)

    def children(self, path: bytes) -> list[Item]:
        found = [self.item(child) for child in self._names.get(path, ())]
        return sorted(found, key=lambda item: (-item.size, item.path))


class Explorer:
    """Answers for one inspected image."""

    def __init__(self, result: Result) -> None:
        self.document = result.document
        self._space = result.space
        self._inventory = result.inventory
        self._views: dict[int, _View] = {}

    def children(self, path: bytes, view: int = FINAL) -> list[Item]:
        """What is in the folder `path` of a view, largest first."""
        return self._view(view).children(path)

    def root(self, view: int = FINAL) -> Item:
        """All of a view."""
        return self._view(view).item(b"")

    def search(self, words: str) -> list[Item]:
        """Paths of any layer that hold all of the words, whatever the case; the largest `MAX_FOUND`."""
        wanted = [word.encode().lower() for word in words.split()]
        if not wanted:
            return []
        found = [
            Item(node.path, node.size, 1, node, layer, hidden_by)
            for node, layer, hidden_by in self._everything
            if all(word in node.path.lower() for word in wanted)
        ]
        found.sort(key=lambda item: (-item.size, item.path, item.layer))
        return found[:MAX_FOUND]

    def blame(self, item: Item) -> list[str]:
        """Who brought `item`, who hid it, and what else is known, as lines for people."""
        lines = [f"/{encode_path(item.path)}", ", ".join(self._facts(item))]
        versions = [each for each in self._everything if each[0].path == item.path]
        for node, layer, hidden_by in sorted(versions, key=lambda each: each[1]):
            lines.append(f"layer {layer}: {in_units(node.size)}  {self._made(layer)}")
            if hidden_by is not None:
                lines.append(f"layer {hidden_by}: hid it  {self._made(hidden_by)}")
        return [printable(line) for line in lines]

    def head(self, item: Item) -> bytes:
        """The first `VIEWED_BYTES` of a file of any layer.

        Raises `UsageError` for what has no content, `HostError`, `RefusedError`.
        """
        with self._open(item) as stream:
            return stream.read(VIEWED_BYTES)

    def extract(self, item: Item, target: Path) -> int:
        """Write a file of any layer to the new file `target`; how many bytes it has.

        Owner, mode and attributes stay in the image. Raises `UsageError` for what has no content and if
        `target` exists, be it as a link; `HostError`, `RefusedError`.
        """
        written = 0
        with self._open(item) as stream, new_file(target, replace=False, durable=False) as out:
            while piece := stream.read(1 << 20):
                written += out.write(piece)
        return written

    def _open(self, item: Item) -> BinaryIO:
        node = item.node
        if node is None or node.kind is not Kind.FILE:
            links = f"; it links to {encode_path(node.target)}" if node and node.kind is Kind.SYMLINK else ""
            raise UsageError(f"/{encode_path(item.path)} is not a regular file{links}")
        tree = self._space.tree
        layer, path = tree.origin(node) if tree.get(node.path) is node else (item.layer, node.path)
        return tree.content(layer).stream(path, node.size, node.offset)

    def _view(self, view: int) -> _View:
        if view not in self._views:
            if view == FINAL:
                places: Iterator[tuple[Node, int | None]] = ((n, None) for n in self._space.tree.walk())
            else:
                places = ((n, hidden) for n, layer, hidden in self._everything if layer == view)
            self._views[view] = _View(places)
        return self._views[view]

    @cached_property
    def _everything(self) -> list[tuple[Node, int, int | None]]:
        """(node, layer, the layer that hid it) of what can be reached and of dead files."""
        alive = ((node, node.layer, None) for node in self._space.tree.walk() if node.path)
        return list(itertools.chain(alive, map(_dead, self._space.dead)))

    def _made(self, layer: int) -> str:
        return self.document.layers[layer].text or "(no record)"

    def _facts(self, item: Item) -> Iterator[str]:
        node = item.node
        if node is None:
            yield f"folder, {in_units(item.size)}"
            return
        letter = _LETTERS.get(node.kind, "d" if node.kind is Kind.DIR else "-")
        yield f"{letter}{node.mode:04o} {node.uid}:{node.gid}"
        yield in_units(item.size)
        if node.kind is Kind.SYMLINK:
            yield f"→ {encode_path(node.target)}"
        if node.xattrs:
            yield "attributes: " + " ".join(sorted(encode_path(key) for key in node.xattrs))
        owner = self._inventory.owner(item.path) if self._inventory else None
        if owner is not None:
            yield f"of {owner.ecosystem} package {owner.name} {owner.version}"


def _dead(entry: Dead) -> tuple[Node, int, int | None]:
    return entry.node, entry.layer, entry.by


def shown(content: bytes) -> str:
    """Content for a screen: as text, or as bytes if it is none."""
    if b"\0" not in content[:8192]:
        return "\n".join(
            printable(line.expandtabs(8)) for line in content.decode(errors="replace").splitlines()
        )
    return "\n".join(
        f"{at:08x}  {content[at : at + 16].hex(' '):47}  "
        + "".join(chr(byte) if 32 <= byte < 127 else "." for byte in content[at : at + 16])
        for at in range(0, min(len(content), 16 * 1024), 16)
    )
