"""What one layer changes: its entries with duplicates, hard links and links within the layer settled.

This is where the order of a tar stops to matter. Within a layer the last entry of a path wins, with these
decisions:

* An entry below a symbolic link *of the same layer* lands where the link leads, never outside the root, as
when an engine unpacks the layer. A link of a *lower* layer is not followed: the entry makes a folder in its
place, which is what Docker, Podman and the kernel's overlay show. * Anything but a folder that arrives over
a folder removes what the layer had in it; a path below a file makes the file a folder. * Whiteouts concern
lower layers alone, wherever they stand in the tar: a whiteout of a folder that the layer has itself makes
that folder opaque, one of a file is met by the file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import chain
from typing import Final

from msgspec import Struct, field

from jettison.errors import InvalidInputError, LimitError
from jettison.layers.entry import Entry, Kind
from jettison.layers.path import encode_path, parent
from jettison.limits import MAX_PATH_BYTES, MAX_REPLACEMENTS, MAX_SYMLINKS

IMPLIED_MODE: Final = 0o755
"""Mode of a folder that a layer implies but does not list."""


class Node(Entry, gc=False):
    """One path of a merged file system: an entry that is never HARDLINK, WHITEOUT or OPAQUE."""

    layer: int = 0
    """Index of the layer that holds it, base first."""
    inode: int = 0
    """Paths with the same number are hard links of one file; 0: it has one name alone."""
    offset: int = -1
    """Where the content of a FILE begins in the uncompressed tar of its layer; -1 if only a folder has it."""


class Changes(Struct):
    """The change set of a layer."""

    nodes: list[Node] = field(default_factory=list)
    """Sorted by path, so parents come first; `layer` is 0 and `inode` counts within the layer."""
    whiteouts: list[bytes] = field(default_factory=list)
    """Paths of lower layers that are removed, with all below them; none of them is in `nodes`."""
    opaque: list[bytes] = field(default_factory=list)
    """Folders whose content in lower layers is removed."""
    implied: list[bytes] = field(default_factory=list)
    """Folders that `nodes` need and no entry describes; sorted."""
    links: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Hard links to files of lower layers: path, target."""


def collect(entries: Iterable[Entry]) -> Changes:
    """The change set that `entries`, in the order of their archive, make.

    Raises `InvalidInputError` for hard links that cannot be, `LimitError` for a layer that keeps replacing
    folders.
    """
    collector = Collector()
    for entry in entries:
        collector.add(entry)
    return collector.finish()


class Collector:
    """Collects the entries of a layer one by one."""

    def __init__(self) -> None:
        self._nodes: dict[bytes, Node] = {}
        self._folders: dict[bytes, bytes] = {b"": b""}
        """Folder as names write it → where it really is; a memory, forgotten when a followed link goes."""
        self._filled: set[bytes] = set()
        """Folders that the layer has put something into."""
        self._followed: set[bytes] = set()
        """Links that stood on the way to an entry."""
        self._whiteouts: dict[bytes, None] = {}
        self._opaque: dict[bytes, None] = {}
        self._links: dict[bytes, bytes] = {}
        self._inodes = 0
        self._replaced = 0

    def add(self, entry: Entry, offset: int = -1) -> bytes:
        """Take up `entry`, whose content begins at `offset` of the tar; the path where it lands."""
        path = self.place(entry.path)
        kind = entry.kind
        if kind is Kind.WHITEOUT:
            self._whiteouts[path] = None
            return path
        if kind is Kind.OPAQUE:
            self._opaque[self._real(entry.path)] = None
            return path
        target = self.place(entry.target) if kind is Kind.HARDLINK else b""
        if target == path and kind is Kind.HARDLINK:
            raise InvalidInputError(f"{encode_path(path)!r} is a hard link to itself")
        if path in self._followed:
            self._followed.discard(path)
            self._folders = {b"": b""}
        elif path in self._filled and kind is not Kind.DIR:
            self._replace_folder(path)
        self._links.pop(path, None)
        if kind is Kind.HARDLINK:
            self._link(path, target)
            return path
        self._nodes[path] = Node(
            path,
            kind,
            entry.mode,
            entry.uid,
            entry.gid,
            entry.size,
            entry.mtime_ns,
            entry.target,
            entry.device,
            entry.xattrs,
            0,
            0,
            offset if kind is Kind.FILE else -1,
        )
        return path

    def place(self, path: bytes) -> bytes:
        """Where an entry called `path` lands: its folder with links of this layer followed, and its own
        name."""
        folder, slash, name = path.rpartition(b"/")
        if not slash:
            return path
        real = self._folders.get(folder)
        if real is None:
            real = self._real(folder)
        return path if real == folder else real + b"/" + name if real else name

    def get(self, path: bytes) -> Node | None:
        """What the layer has at `path` so far."""
        return self._nodes.get(path)

    def finish(self) -> Changes:
        """The change set, in its final order."""
        nodes = [self._nodes[path] for path in sorted(self._nodes)]
        implied = self._implied(nodes)
        folders = implied | {b""}
        whiteouts: list[bytes] = []
        for path in self._whiteouts:
            node = self._nodes.get(path)
            if path in folders or (node is not None and node.kind is Kind.DIR):
                self._opaque[path] = None
            elif node is None and path not in self._links:
                whiteouts.append(path)
        opaque = sorted(path for path in self._opaque if self._is_folder(path, folders))
        return Changes(nodes, sorted(whiteouts), opaque, sorted(implied), sorted(self._links.items()))

    def _is_folder(self, path: bytes, folders: set[bytes]) -> bool:
        node = self._nodes.get(path)
        return path in folders or node is None or node.kind is Kind.DIR

    def _implied(self, nodes: list[Node]) -> set[bytes]:
        """Folders that paths of the layer need and that it does not list."""
        known = self._nodes
        implied: set[bytes] = set()
        inside = (folder + b"/" for folder in self._opaque)
        for path in chain((node.path for node in nodes), self._links, self._whiteouts, inside):
            folder = parent(path)
            while folder and folder not in known and folder not in implied:
                implied.add(folder)
                folder = parent(folder)
        return implied

    def _link(self, path: bytes, target: bytes) -> None:
        """Make `path` another name of `target`."""
        node = self._nodes.get(target)
        if node is None:
            self._nodes.pop(path, None)
            self._links[path] = self._links.get(target, target)
            return
        if node.kind is Kind.DIR:
            raise InvalidInputError(f"{encode_path(path)!r} is a hard link to a folder")
        if not node.inode:
            self._inodes += 1
            node.inode = self._inodes
        self._nodes[path] = Node(
            path,
            node.kind,
            node.mode,
            node.uid,
            node.gid,
            node.size,
            node.mtime_ns,
            node.target,
            node.device,
            node.xattrs,
            0,
            node.inode,
            node.offset,
        )

    def _replace_folder(self, path: bytes) -> None:
        """Something else takes the place of the folder `path`; what lay in it goes."""
        self._replaced += 1
        if self._replaced > MAX_REPLACEMENTS:
            raise LimitError(f"the layer replaces more than {MAX_REPLACEMENTS} folders that it filled itself")
        self._folders = {b"": b""}
        self._filled.discard(path)
        below = path + b"/"
        for paths in (self._nodes, self._links, self._whiteouts, self._opaque):
            for gone in [found for found in paths if found.startswith(below)]:
                del paths[gone]
        self._filled = {folder for folder in self._filled if not folder.startswith(below)}

    def _real(self, folder: bytes) -> bytes:
        """Where the folder called `folder` is, with links of this layer followed; remembered."""
        real = self._folders.get(folder)
        if real is not None:
            return real
        known = parent(folder)
        while (here := self._folders.get(known)) is None:
            known = parent(known)
        todo = deque(folder[len(known) :].split(b"/"))
        followed = 0
        while todo:
            part = todo.popleft()
            if part == b"..":
                here = parent(here)
            elif part not in (b"", b"."):
                path = here + b"/" + part if here else part
                node = self._nodes.get(path)
                if node is None or node.kind is not Kind.SYMLINK:
                    self._fill(path, node)
                    here = path
                    continue
                self._followed.add(path)
                followed += 1
                if followed > MAX_SYMLINKS:
                    raise InvalidInputError(f"too many links on the way to {encode_path(folder)[:200]!r}")
                here = b"" if node.target.startswith(b"/") else here
                todo.extendleft(reversed(node.target.split(b"/")))
        if len(here) >= MAX_PATH_BYTES:
            raise LimitError("a path is too long once its links are followed")
        self._folders[folder] = here
        return here

    def _fill(self, folder: bytes, node: Node | None) -> None:
        """Something is put into `folder`; what is no folder there, as `node` may be, makes way."""
        self._filled.add(folder)
        self._links.pop(folder, None)
        if node is not None and node.kind is not Kind.DIR:
            del self._nodes[folder]
