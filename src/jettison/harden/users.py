"""Who the application could run as instead of root."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from jettison.errors import InvalidInputError
from jettison.harden.model import RunAs
from jettison.harden.permissions import refused
from jettison.layers.path import decode_path
from jettison.layers.tree import FileTree
from jettison.linux.namespaces import has_one_id
from jettison.observe.evidence import Evidence
from jettison.sandbox.users import User, resolve_user
from jettison.verify.replay import Observation

NOBODY: Final = "nobody"
"""Has no rights of its own, and a name: programs that ask who they are get an answer (getpwuid(3))."""
NOBODY_IN_PARTICULAR: Final = 65532
"""An id that no distribution gives to anybody: "nonroot" of distroless images."""


def candidates(
    tree: FileTree, evidence: Evidence, user: User, runs: Iterable[Observation]
) -> tuple[RunAs, ...]:
    """Whom to try, best first; the last is the user of the original.

    If that is not root, or nobody else exists in this namespace, it is the only one. Else those who own what
    the runs wrote (a server that gives up root by itself writes as the user it becomes), those who own the
    application's files, and a user without rights.
    """
    original = RunAs(
        uid=user.uid,
        gid=user.gid,
        name=_name(tree, user.uid),
        because="the image's own user" if user.uid else "an ordinary user could not do what the run did",
        refused=refused(tree, evidence, User(NOBODY_IN_PARTICULAR, NOBODY_IN_PARTICULAR))
        if not user.uid
        else (),
    )
    if user.uid or has_one_id():
        return (original,)
    out = [
        RunAs(uid=uid, gid=gid, name=_name(tree, uid), because=because)
        for (uid, gid), because in _owners(tree, evidence, runs)
    ]
    return (*out, original)


def _owners(
    tree: FileTree, evidence: Evidence, runs: Iterable[Observation]
) -> Iterator[tuple[tuple[int, int], str]]:
    written = Counter(owner for run in runs for owner in run.changed.owners.values() if owner[0])
    used: Counter[tuple[int, int]] = Counter()
    for text in evidence.paths:
        node = tree.resolve(decode_path(text)).node
        if node is not None and node.uid:
            used[node.uid, node.gid] += 1
    seen: set[int] = set()
    for count, because in ((written, "the application itself writes as this user"), (used, "owns its files")):
        for owner, _ in count.most_common(1):
            if owner[0] not in seen:
                seen.add(owner[0])
                yield (owner[0], _group(tree, owner)), because
    try:
        nobody = resolve_user(tree, NOBODY)
        yield (nobody.uid, nobody.gid), "a user without any rights of its own"
    except InvalidInputError:
        yield (NOBODY_IN_PARTICULAR, NOBODY_IN_PARTICULAR), "an id without any rights of its own"


def _group(tree: FileTree, owner: tuple[int, int]) -> int:
    """The primary group of the owner's user, if the image knows it."""
    try:
        return resolve_user(tree, str(owner[0])).gid or owner[1]
    except InvalidInputError:
        return owner[1]


def _name(tree: FileTree, uid: int) -> str:
    node = tree.resolve(b"etc/passwd").node
    if node is None:
        return ""
    try:
        lines = tree.read(node).decode("utf-8", "replace").splitlines()
    except InvalidInputError:
        return ""
    rows = (line.split(":") for line in lines)
    return next((row[0] for row in rows if len(row) > 2 and row[2] == str(uid)), "")
