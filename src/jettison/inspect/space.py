"""Where the bytes of an image are: reachable in the final file system, or dead in the layer that brought
them.

A layer's payload is the content of its regular files, hard links counted once. It is reachable if at least
one of its names still leads to it in the merged tree, else dead: pulled and stored, never seen (OCI
image-spec, layer.md, "Applying Changesets"). Nothing is guessed: a byte is counted exactly once.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from jettison.image.model import Image
from jettison.layers.cache import changes_of
from jettison.layers.changes import Changes, Node
from jettison.layers.entry import Kind
from jettison.layers.path import parent
from jettison.layers.tree import FileTree


class Cause(enum.StrEnum):
    """Why content of a lower layer is dead."""

    DELETED = "deleted"
    """A later layer removed it, or a folder above it."""
    REPLACED = "replaced"
    """A later layer brought other content for its path."""
    COPIED = "copied"
    """A later layer changed only owner, mode, time or attributes, and so had to bring the same content
    again."""


class Dead(Struct, frozen=True):
    """Content of a layer that the final file system does not show."""

    node: Node
    layer: int
    """The layer that holds it."""
    by: int
    """The layer that hid it."""
    cause: Cause
    size: int
    """Bytes; 0 for a further name of content that is counted under its first."""


class LayerSpace(Struct):
    """The figures of one layer, all of content in bytes or of paths."""

    payload: int = 0
    reachable: int = 0
    files: int = 0
    """Regular files it holds, by name."""
    added: int = 0
    changed: int = 0
    removed: int = 0
    """Paths of lower layers that it hides without having one itself."""

    @property
    def dead(self) -> int:
        """Bytes that later layers hid."""
        return self.payload - self.reachable


class Space(Struct, frozen=True):
    """The whole account."""

    tree: FileTree
    layers: tuple[LayerSpace, ...]
    dead: tuple[Dead, ...]
    """Sorted by size, largest first, then by path."""

    @property
    def payload(self) -> int:
        """Content in all layers."""
        return sum(layer.payload for layer in self.layers)

    @property
    def reachable(self) -> int:
        """Content of the final file system."""
        return sum(layer.reachable for layer in self.layers)


def measure(image: Image) -> Space:
    """The account of `image`; raises `RefusedError` for a layer that cannot be read."""
    return account([changes_of(layer) for layer in image.layers], image)


def account(layers: Sequence[Changes], image: Image) -> Space:
    """The account of the change sets `layers`, base first, of `image`; the tree takes their nodes over."""
    shares = [_Shares(changes) for changes in layers]
    tree = FileTree(layers, image)
    for node in tree.walk():
        if node.kind is Kind.FILE:
            layer, path = tree.origin(node)
            shares[layer].mark(path)
    hidden = _Hiding(layers, tree)
    spaces = [
        LayerSpace(payload=s.payload, reachable=s.reachable(), files=s.files, added=_named(changes))
        for s, changes in zip(shares, layers, strict=True)
    ]
    dead = []
    for index, changes in enumerate(layers):
        for node in changes.nodes:
            if tree.get(node.path) is not node:
                entry = hidden.explain(index, node, shares[index].dead_bytes(node))
                _count(entry, spaces)
                if node.kind is Kind.FILE and not shares[index].is_reachable(node.path):
                    dead.append(entry)
    dead.sort(key=lambda entry: (-entry.size, entry.node.path, entry.layer))
    return Space(tree, tuple(spaces), tuple(dead))


def _named(changes: Changes) -> int:
    """Paths that a layer names; the root, which every image has, is none."""
    return len(changes.links) + sum(bool(node.path) for node in changes.nodes)


def _count(entry: Dead, spaces: list[LayerSpace]) -> None:
    by = spaces[entry.by]
    if not entry.node.path:
        return
    if entry.cause is Cause.DELETED:
        by.removed += 1
        return
    by.added -= 1
    # Layers list the folders above what they change; that says nothing.
    by.changed += entry.node.kind is not Kind.DIR


class _Shares:
    """The content of one layer: which names share it, and which content is reachable."""

    def __init__(self, changes: Changes) -> None:
        self._sizes: dict[bytes, int] = {}
        self._first: dict[bytes, bytes] = {}
        self._marked: set[bytes] = set()
        inodes: dict[int, bytes] = {}
        self.files = 0
        for node in changes.nodes:
            if node.kind is not Kind.FILE:
                continue
            self.files += 1
            first = inodes.setdefault(node.inode, node.path) if node.inode else node.path
            if first is not node.path:
                self._first[node.path] = first
            else:
                self._sizes[node.path] = node.size
        self.payload = sum(self._sizes.values())

    def mark(self, path: bytes) -> None:
        """Say that the content of `path` is reachable."""
        self._marked.add(self._first.get(path, path))

    def is_reachable(self, path: bytes) -> bool:
        """Whether the content of `path` is, under whatever name."""
        return self._first.get(path, path) in self._marked

    def reachable(self) -> int:
        """Bytes that are."""
        return sum(self._sizes[path] for path in self._marked)

    def dead_bytes(self, node: Node) -> int:
        """Bytes to count for `node`: those of its content if it is dead and this is the first name of it."""
        return 0 if self.is_reachable(node.path) else self._sizes.get(node.path, 0)


class _Hiding:
    """Which layer hid a path, and how. Only paths that are hidden, and the folders above them, are
    indexed."""

    def __init__(self, layers: Sequence[Changes], tree: FileTree) -> None:
        hidden = {n.path for changes in layers for n in changes.nodes if tree.get(n.path) is not n}
        above = set(_folders_of(hidden))
        self._put: dict[bytes, list[tuple[int, Node | None]]] = defaultdict(list)
        """Path → (layer that has it, node or None for a hard link to a lower layer)."""
        self._cut: dict[bytes, list[int]] = defaultdict(list)
        """Path → layers that hide it and all below it."""
        self._emptied: dict[bytes, list[int]] = defaultdict(list)
        """Folder → layers that hide all below it."""
        for index, changes in enumerate(layers):
            for node in changes.nodes:
                if node.path in hidden:
                    self._put[node.path].append((index, node))
                if node.kind is not Kind.DIR and node.path in above:
                    self._emptied[node.path].append(index)
            for path, _ in changes.links:
                self._put[path].append((index, None))
                self._emptied[path].append(index)
            for path in changes.implied:
                self._put[path].append((index, None))
            for path in changes.whiteouts:
                self._cut[path].append(index)
            for path in changes.opaque:
                self._emptied[path].append(index)

    def explain(self, layer: int, node: Node, size: int) -> Dead:
        """What hid `node` of `layer`."""
        put = next(((i, n) for i, n in self._put.get(node.path, ()) if i > layer), None)
        cuts = [i for path in _with_folders(node.path) for i in self._cut.get(path, ()) if i > layer]
        cuts += [i for path in _folders_of((node.path,)) for i in self._emptied.get(path, ()) if i > layer]
        cut = min(cuts, default=None)
        if put is None or (cut is not None and cut < put[0]):
            return Dead(node, layer, cut if cut is not None else layer, Cause.DELETED, size)
        by, newer = put
        alike = newer is not None and newer.kind is node.kind and newer.size == node.size
        return Dead(node, layer, by, Cause.COPIED if alike else Cause.REPLACED, size)


def _with_folders(path: bytes) -> Iterator[bytes]:
    yield path
    yield from _folders_of((path,))


def _folders_of(paths: Iterable[bytes]) -> Iterator[bytes]:
    for path in paths:
        folder = parent(path)
        while folder:
            yield folder
            folder = parent(folder)
        yield b""
