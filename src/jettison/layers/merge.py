"""The file systems that layers make, one on top of the other (OCI image-spec, layer.md, "Applying
Changesets")."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from msgspec import Struct, structs

from jettison.errors import InvalidInputError
from jettison.layers.changes import IMPLIED_MODE, Changes, Node
from jettison.layers.entry import Kind
from jettison.layers.path import encode_path, name, parent
from jettison.limits import MAX_SYMLINKS


class Resolved(Struct, frozen=True):
    """Where a look-up ended."""

    path: bytes
    """Normalised; no component but the last can be a symbolic link, and that only if it was not to be
    followed. Where the image has no such file, the path that would have to exist."""
    node: Node | None
    links: tuple[bytes, ...] = ()
    """Symbolic links that were followed, in order."""


class MergedTree:
    """Every path of a stack of layers: what it is and which layer it is from.

    Paths are bytes, relative to the root and normalised (`jettison.layers.path`); the root is `b""`.
    """

    def __init__(self, layers: Iterable[Changes]) -> None:
        """The tree that `layers`, base first, make; it takes their nodes over."""
        self._nodes: dict[bytes, Node] = {}
        self._names: dict[bytes, dict[bytes, None]] = {}
        """Folder → names in it; a dict is an ordered set that shares its keys' memory."""
        self._groups: dict[int, tuple[bytes, ...]] = {}
        self._origins: dict[bytes, tuple[int, bytes]] = {}
        """Content that lies in another layer or under another name: hard links to lower layers."""
        self._order: list[Node] | None = None
        """All of it as `walk` gives it, once it was asked for."""
        self._nodes[b""] = _implied(b"", 0)
        linked: list[Node] = []
        for index, changes in enumerate(layers):
            self._apply(index, changes, linked)
        self._number_hardlinks(linked)

    def __len__(self) -> int:
        return len(self._nodes)

    def __contains__(self, path: bytes) -> bool:
        return path in self._nodes

    def get(self, path: bytes) -> Node | None:
        """What is at `path` (normalised); no link is followed."""
        return self._nodes.get(path)

    def names(self, path: bytes) -> list[bytes]:
        """The names in the folder `path`, sorted; none if there is no such folder."""
        return sorted(self._names.get(path, ()))

    def children(self, path: bytes) -> Iterator[Node]:
        """What is in the folder `path`, sorted by name."""
        prefix = path + b"/" if path else b""
        return (self._nodes[prefix + child] for child in self.names(path))

    def walk(self, path: bytes = b"") -> Iterator[Node]:
        """`path` and all below it: parents first, then by name."""
        if path:
            return self._below(path)
        if self._order is None:
            self._order = list(self._below(b""))
        return iter(self._order)

    def _below(self, path: bytes) -> Iterator[Node]:
        todo = [path] if path in self._nodes else []
        while todo:
            here = todo.pop()
            yield self._nodes[here]
            if here in self._names:
                prefix = here + b"/" if here else b""
                todo.extend(prefix + child for child in sorted(self._names[here], reverse=True))

    def resolve(
        self, path: bytes, *, cwd: bytes = b"", root: bytes = b"", follow_last: bool = True
    ) -> Resolved:
        """Look `path` up as the kernel does (path_resolution(7)): links are followed, `..` goes to the real
        parent.

        An absolute `path` or link begins at `root`, a relative `path` at `cwd`; neither can get above
        `root`. A component that is missing does not end the look-up, so that `path` of the result says what
        would have to exist. After `MAX_SYMLINKS` links the node is None (ELOOP).
        """
        todo = deque(path.split(b"/"))
        here = root if path.startswith(b"/") else cwd
        links: list[bytes] = []
        broken = False
        while todo:
            part = todo.popleft()
            if part in (b"", b"."):
                continue
            if part == b"..":
                here = parent(here) if here != root else root
                continue
            here = here + b"/" + part if here else part
            node = self._nodes.get(here)
            if node is not None and node.kind is Kind.SYMLINK and (follow_last or todo):
                links.append(here)
                if len(links) > MAX_SYMLINKS:
                    return Resolved(here, None, tuple(links))
                here = root if node.target.startswith(b"/") else parent(here)
                todo.extendleft(reversed(node.target.split(b"/")))
            elif todo and (node is None or node.kind is not Kind.DIR):
                broken = True
        return Resolved(here, None if broken else self._nodes.get(here), tuple(links))

    def hardlinks(self, node: Node) -> tuple[bytes, ...]:
        """All paths of the file at `node`, its own too, sorted."""
        return self._groups.get(node.inode) or (node.path,)

    def origin(self, node: Node) -> tuple[int, bytes]:
        """The layer that holds the content of `node`, and its path there: not its own for links to lower
        layers."""
        return self._origins.get(node.path, (node.layer, node.path))

    def _apply(self, index: int, changes: Changes, linked: list[Node]) -> None:
        """Put one layer on top; `linked` collects nodes with an inode number."""
        lower = [(path, self.link_target(target)) for path, target in changes.links]
        for path in changes.whiteouts:
            self._remove(path)
        for path in changes.opaque:
            self._empty(path)
        for path in changes.implied:
            node = self._nodes.get(path)
            if node is None or node.kind is not Kind.DIR:
                self._put(_implied(path, index))
        offset = len(linked)
        for node in changes.nodes:
            node.layer = index
            self._put(node)
            if node.inode:
                node.inode += offset
                linked.append(node)
        for path, target in lower:
            self._link(path, target, index, linked)

    def _put(self, node: Node) -> None:
        path = node.path
        old = self._nodes.get(path)
        if old is None:
            folder, _, last = path.rpartition(b"/")
            names = self._names.get(folder)
            if names is None:
                names = self._names[folder] = {}
            names[last] = None
        elif old.kind is Kind.DIR and node.kind is not Kind.DIR:
            self._empty(path)
        self._nodes[path] = node
        if self._origins:
            self._origins.pop(path, None)

    def _remove(self, path: bytes) -> None:
        """Take `path` and all below it away."""
        if self._nodes.pop(path, None) is not None:
            self._empty(path)
            del self._names[parent(path)][name(path)]

    def _empty(self, path: bytes) -> None:
        """Take all below `path` away."""
        todo = [path]
        while todo:
            folder = todo.pop()
            prefix = folder + b"/" if folder else b""
            for child in self._names.pop(folder, ()):
                del self._nodes[prefix + child]
                todo.append(prefix + child)

    def link_target(self, target: bytes) -> Node:
        """The file of a lower layer that a hard link means."""
        node = self.resolve(target, follow_last=False).node
        if node is None or node.kind is Kind.DIR:
            raise InvalidInputError(
                f"a hard link to {encode_path(target)!r}, which is not a file of this image"
            )
        return node

    def _link(self, path: bytes, target: Node, index: int, linked: list[Node]) -> None:
        """Put a hard link to the file `target` of a lower layer at `path`."""
        if not target.inode:
            target.inode = -1 - len(linked)
            linked.append(target)
        origin = self._origins.get(target.path, (target.layer, target.path))
        node = structs.replace(target, path=path, layer=index)
        self._put(node)
        self._origins[path] = origin
        linked.append(node)

    def _number_hardlinks(self, linked: Iterable[Node]) -> None:
        """Number the hard links that are still there by their first path; the same tree has the same
        numbers."""
        groups: dict[int, list[Node]] = {}
        for node in linked:
            if self._nodes.get(node.path) is node:
                groups.setdefault(node.inode, []).append(node)
        ordered = [sorted(group, key=lambda node: node.path) for group in groups.values()]
        ordered.sort(key=lambda group: group[0].path)
        number = 0
        for group in ordered:
            number += len(group) > 1
            for node in group:
                node.inode = number if len(group) > 1 else 0
            if len(group) > 1:
                self._groups[number] = tuple(node.path for node in group)


def _implied(path: bytes, layer: int) -> Node:
    return Node(path, Kind.DIR, IMPLIED_MODE, layer=layer)
