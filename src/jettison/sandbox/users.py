"""Who a process runs as: names resolved in the image's own passwd(5) and group(5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jettison.errors import InvalidInputError
from jettison.layers.entry import Kind

if TYPE_CHECKING:
    from jettison.layers.tree import FileTree

_LARGEST: Final = 2**31 - 1
"""The largest id; what is larger has wrapped around to 0 in engines (CVE-2024-40635)."""


@dataclass(frozen=True)
class User:
    """Ids and home folder of a process."""

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()
    """Supplementary groups."""
    home: str = "/"


ROOT: Final = User()
"""Who a process runs as when nobody says; its home folder is not looked up."""


def resolve_user(tree: FileTree | None, text: str) -> User:
    """`[USER][:GROUP]`, names or numbers, as Docker resolves them; raises InvalidInputError.

    Without a tree only numbers are known. A number is an id, never a name. Without a group, the primary group
    is passwd's (0 if passwd does not know the user) and the supplementary groups are those that list the
    user's name; with one there are no supplementary groups.
    """
    wanted_user, _, wanted_group = text.partition(":")
    uid, name = _number(wanted_user or "0"), ""
    gid, home = 0, "/"
    for row in _rows(tree, b"etc/passwd"):
        if len(row) < 4 or not (_is_digits(row[2]) and _is_digits(row[3])):
            continue
        if (row[0] == wanted_user) if uid is None else (int(row[2]) == uid):
            name, uid, gid, home = row[0], _in_range(row[2]), _in_range(row[3]), (row[5:6] or ["/"])[0] or "/"
            break
    if uid is None:
        raise InvalidInputError(f"no user {wanted_user[:64]!r} in the image's /etc/passwd")
    if wanted_group:
        return User(uid, _group(tree, wanted_group), (), home)
    return User(uid, gid, tuple(_member_of(tree, name)) if name else (), home)


def _group(tree: FileTree | None, text: str) -> int:
    number = _number(text)
    if number is not None:
        return number
    for row in _rows(tree, b"etc/group"):
        if row[0] == text and len(row) > 2 and _is_digits(row[2]):
            return _in_range(row[2])
    raise InvalidInputError(f"no group {text[:64]!r} in the image's /etc/group")


def _member_of(tree: FileTree | None, name: str) -> Iterator[int]:
    for row in _rows(tree, b"etc/group"):
        if len(row) > 3 and _is_digits(row[2]) and name in row[3].split(","):
            yield _in_range(row[2])


def _number(text: str) -> int | None:
    """`text` as an id; None when it is a name."""
    return _in_range(text) if _is_digits(text.removeprefix("-").removeprefix("+")) else None


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _in_range(text: str) -> int:
    value = int(text) if len(text) <= 20 else _LARGEST + 1
    if not 0 <= value <= _LARGEST:
        raise InvalidInputError(f"the id {text[:20]} is not between 0 and {_LARGEST}")
    return value


def _rows(tree: FileTree | None, path: bytes) -> Iterator[list[str]]:
    """The fields of each line; nothing when the image has no such file (a link, a FIFO or a device is not
    one)."""
    node = None if tree is None else tree.resolve(path).node
    if tree is None or node is None or node.kind is not Kind.FILE:
        return
    for line in tree.read(node).decode("utf-8", "surrogateescape").split("\n"):
        if line.strip() and not line.startswith("#"):
            yield line.split(":")
