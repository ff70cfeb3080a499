"""Whether an ordinary user could do what the run did, from the permissions of the image's files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from jettison.layers.entry import Kind
from jettison.layers.path import decode_path, encode_path, parent
from jettison.layers.tree import FileTree, Node
from jettison.observe.evidence import Evidence, Operation
from jettison.sandbox.users import User

_READ: Final = 4
_EXECUTE: Final = 1
_READING: Final = {Operation.OPEN, Operation.LIST}


def refused(tree: FileTree, evidence: Evidence, user: User) -> tuple[str, ...]:
    """Paths of the image that the run read or executed and that `user` may not, sorted.

    By owner, group and mode alone (inode(7)); access control lists and capabilities are not looked at.
    """
    out = []
    for text, access in evidence.paths.items():
        found = tree.resolve(decode_path(text))
        if found.node is None or found.node.kind is Kind.SYMLINK:
            continue
        wanted = (_READ if access.operations & _READING else 0) | (
            _EXECUTE if Operation.EXEC in access.operations else 0
        )
        if not wanted:
            continue
        reachable = all(_may(folder, user, _EXECUTE) for folder in _folders(tree, found.path))
        if not reachable or not _may(found.node, user, wanted):
            out.append(encode_path(b"/" + found.path))
    return tuple(sorted(set(out)))


def _folders(tree: FileTree, path: bytes) -> Iterable[Node]:
    while path:
        path = parent(path)
        node = tree.get(path)
        if node is not None:
            yield node


def _may(node: Node, user: User, wanted: int) -> bool:
    """Whether `user` has the permissions `wanted` (bits as in a mode) on `node`."""
    if user.uid == 0:
        return True
    shift = 6 if node.uid == user.uid else 3 if node.gid in (user.gid, *user.groups) else 0
    return node.mode >> shift & wanted == wanted
