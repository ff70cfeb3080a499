"""Looking files up for cataloguers: reading with a bound, owned paths resolved through merged folders."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from jettison.errors import JettisonError
from jettison.layers.entry import Kind
from jettison.layers.path import name, normalise, parent
from jettison.limits import MAX_SMALL_FILE_BYTES

if TYPE_CHECKING:
    from jettison.layers.tree import FileTree, Node
    from jettison.packages.model import Found


def read(
    tree: FileTree, path: bytes, found: Found, *, limit: int = MAX_SMALL_FILE_BYTES
) -> tuple[bytes, bytes] | None:
    """(final path, content) of `path`, links followed; None if it is no file or (see `found`) unreadable."""
    node = tree.resolve(path).node
    if node is None or node.kind != Kind.FILE:
        return None
    try:
        return node.path, tree.read(node, limit)
    except (JettisonError, OSError) as error:
        found.problem(path, str(error))
        return None


def read_node(tree: FileTree, node: Node, found: Found, *, limit: int = MAX_SMALL_FILE_BYTES) -> bytes | None:
    """The content of `node`; None if it is no file or, noted in `found`, not readable."""
    if node.kind != Kind.FILE:
        return None
    try:
        return tree.read(node, limit)
    except (JettisonError, OSError) as error:
        found.problem(node.path, str(error))
        return None


class OwnedPaths:
    """Turns the paths a package database lists into paths of the tree.

    Databases name `/bin/ls` where `/bin` has since become a link to `/usr/bin` (merged-/usr): the folder of a
    path is resolved, its last component is not.
    """

    def __init__(self, tree: FileTree) -> None:
        self._tree = tree
        self._folders: dict[bytes, bytes | None] = {}

    def existing(self, listed: Iterable[bytes]) -> tuple[bytes, ...]:
        """The normalised, sorted paths of `listed` that exist; folders only if they are empty.

        What holds another path of `listed` is a folder to the package, even where it is a link in the image.
        """
        paths = {normalise(path) for path in listed}
        finals = {self.final(path) for path in paths - {parent(path) for path in paths}}
        return tuple(sorted(path for path in finals if path is not None and self._counts(path)))

    def final(self, listed: bytes) -> bytes | None:
        """The path that `listed` means, its last component not followed; None if its folder is gone."""
        path = normalise(listed)
        folder = self._folder(parent(path))
        if folder is None:
            return None
        return folder + b"/" + name(path) if folder else name(path)

    def _folder(self, path: bytes) -> bytes | None:
        if path not in self._folders:
            resolved = self._tree.resolve(path)
            self._folders[path] = resolved.path if resolved.node is not None else None
        return self._folders[path]

    def _counts(self, path: bytes) -> bool:
        node = self._tree.get(path)
        if node is None or not path:
            return False
        return node.kind != Kind.DIR or not self._tree.names(path)
