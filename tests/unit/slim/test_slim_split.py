"""Dividing an image into layers by how often they change."""

from __future__ import annotations

from jettison.image.config import History, ImageConfig
from jettison.image.digest import Digest
from jettison.layers.changes import collect
from jettison.layers.entry import Entry, Kind
from jettison.layers.tree import FileTree
from jettison.packages.inventory import Inventory
from jettison.packages.model import Ecosystem, Package
from jettison.slim.split import Part, divide

SYSTEM = [
    Entry(b"etc", Kind.DIR),
    Entry(b"etc/os-release", Kind.FILE),
    Entry(b"bin", Kind.DIR),
    Entry(b"bin/sh", Kind.FILE),
]
OWN = [
    Entry(b"app", Kind.DIR),
    Entry(b"app/a.js", Kind.FILE),
    Entry(b"app/b.js", Kind.FILE),
    Entry(b"app/dep.js", Kind.HARDLINK, target=b"app/b.js"),
]
TREE = FileTree([collect(SYSTEM), collect(OWN)], None)
CONFIG = ImageConfig(
    "amd64",
    "linux",
    (Digest.of(b"0"), Digest.of(b"1")),
    history=(
        History(created_by="ADD rootfs /"),
        History(created_by="CMD sh", empty_layer=True),
        History(created_by="COPY . ."),
    ),
)
DEP = Package(
    ecosystem=Ecosystem.NPM, name="dep", version="1", location=b"app/package.json", files=(b"app/dep.js",)
)
PACKAGES = Inventory((DEP,))


def test_each_path_goes_where_it_changes_with():
    """The system's, what packages of a language own, and the rest of the application."""
    parts = divide(TREE, [b"bin/sh", b"app/a.js", b"app/dep.js"], PACKAGES, CONFIG)
    assert parts == {
        Part.SYSTEM: {b"bin/sh"},
        Part.DEPENDENCIES: {b"app/dep.js"},
        Part.APPLICATION: {b"app/a.js"},
    }


def test_hard_links_are_not_torn_apart():
    """All names of one file lie in one layer, or it would be there twice."""
    parts = divide(TREE, [b"app/b.js", b"app/dep.js"], PACKAGES, CONFIG)
    assert parts == {Part.APPLICATION: {b"app/b.js", b"app/dep.js"}}
