"""Names of users and groups, as Docker resolves them (moby/sys/user, GetExecUser)."""

from pathlib import Path

import pytest
from sandbox_images import Link, tree_of

from jettison.errors import InvalidInputError
from jettison.layers.tree import FileTree
from jettison.sandbox.users import User, resolve_user

PASSWD = b"""root:x:0:0:root:/root:/bin/sh
# a comment
node:x:1000:1001:,,,:/home/node:/bin/sh
broken line
bad:x:one:two::/:/bin/sh
1234:x:77:77::/named-like-a-number:/bin/sh
twice:x:1000:5::/second:/bin/sh
noshell:x:1007:1007
"""
GROUP = b"""root:x:0:
wheel:x:10:root,node
node:x:1001:
audio:x:29:node
other:x:30:nodename
"""


@pytest.fixture
def tree(tmp_path: Path) -> FileTree:
    return tree_of(tmp_path, {"etc/passwd": PASSWD, "etc/group": GROUP})


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("", User(0, 0, (10,), "/root")),
        ("root", User(0, 0, (10,), "/root")),
        ("node", User(1000, 1001, (10, 29), "/home/node")),
        ("1000", User(1000, 1001, (10, 29), "/home/node")),
        ("node:audio", User(1000, 29, (), "/home/node")),
        ("node:4242", User(1000, 4242, (), "/home/node")),
        ("5000", User(5000, 0, (), "/")),
        ("5000:5000", User(5000, 5000, (), "/")),
        ("1234", User(1234, 0, (), "/")),
        (":audio", User(0, 29, (), "/root")),
        ("noshell", User(1007, 1007, (), "/")),
    ],
)
def test_a_user_is_resolved_as_docker_does(tree: FileTree, text: str, user: User) -> None:
    assert resolve_user(tree, text) == user


@pytest.mark.parametrize(
    "text", ["nobody", "node:nogroup", "root\n", "bad", "²", "4294967296", "-1", "0:2147483648"]
)
def test_unknown_names_and_ids_out_of_range_are_refused(tree: FileTree, text: str) -> None:
    with pytest.raises(InvalidInputError):
        resolve_user(tree, text)


def test_numbers_need_no_passwd_file(tmp_path: Path) -> None:
    assert resolve_user(tree_of(tmp_path, {}), "7:8") == User(7, 8, (), "/")


def test_a_passwd_file_that_leads_nowhere_counts_as_none(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, {"etc/passwd": Link("/proc/1/root/etc/passwd")})
    assert resolve_user(tree, "0") == User(0, 0, (), "/")


def test_a_linked_passwd_file_is_read_within_the_image(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, {"etc/passwd": Link("../../../usr/passwd"), "usr/passwd": PASSWD})
    assert resolve_user(tree, "node").uid == 1000
