"""What an ordinary user may do with the image's files."""

import pytest

from builders import Item, tree_of
from jettison.harden.permissions import refused
from jettison.observe.evidence import Access, Evidence, ImageIdentity, Operation
from jettison.sandbox.users import ROOT, User

FILES = [
    Item("etc/key", b"k", mode=0o600),
    Item("etc/shared", b"k", mode=0o640, gid=5),
    Item("bin/tool", b"t", mode=0o744),
    Item("private", None, mode=0o700, uid=9),
    Item("private/open", b"o", mode=0o644),
    Item("link", link="/etc/key"),
]


def evidence(*paths, operation=Operation.OPEN):
    return Evidence(
        image=ImageIdentity("x:1", "sha256:0", "linux/amd64"),
        paths={path: Access(operations={operation}) for path in paths},
    )


@pytest.mark.parametrize(
    ("path", "user", "expected"),
    [
        ("/etc/key", User(9, 9), ("/etc/key",)),
        ("/etc/key", ROOT, ()),
        ("/link", User(9, 9), ("/etc/key",)),
        ("/etc/shared", User(9, 9, (5,)), ()),
        ("/etc/shared", User(9, 9), ("/etc/shared",)),
        ("/private/open", User(9, 9), ()),
        ("/private/open", User(10, 10), ("/private/open",)),
        ("/nowhere", User(10, 10), ()),
    ],
)
def test_reading(tmp_path, path, user, expected):
    assert refused(tree_of(tmp_path, FILES), evidence(path), user) == expected


def test_executing_needs_its_own_permission(tmp_path):
    tree = tree_of(tmp_path, FILES)
    assert refused(tree, evidence("/bin/tool", operation=Operation.EXEC), User(9, 9)) == ("/bin/tool",)
    assert refused(tree, evidence("/bin/tool", operation=Operation.STAT), User(9, 9)) == ()
