"""Which files came from a package that others published, and are as it brought them.

Such files hold no secret of this image's owner, but many that look like one: keys of test suites, tokens in
examples. A file counts as published if a package owns it and it is not younger than the record that its
manager wrote when it had put all files of the package in place, in the same layer. Configuration below /etc
never counts, nor does a distribution that was installed from a folder (PEP 610), since that is the owner's
own code.
"""

from __future__ import annotations

import re
from typing import Final

from jettison.layers.entry import Kind
from jettison.layers.path import parent
from jettison.layers.tree import FileTree, Node
from jettison.packages.inventory import Inventory
from jettison.packages.model import Ecosystem, Package

_GRACE_NS: Final = 2 * 10**9
"""Managers write the record last, but clocks of file systems are coarse."""
_NPM_TIME_NS: Final = 499_162_500 * 10**9
"""The time npm gives every file of the packages it packs."""
_FIXTURES: Final = re.compile(
    rb"(?:usr/(?:local/)?|opt/[^/]+/(?:.*/)?)(?:lib(?:32|64)?|share)/(?:.*/)?"
    rb"(?:tests?|testing|testdata|test_data|__tests__|spec|fixtures|examples?|docs?|man|demos?|samples?)/"
    rb"|usr/(?:local/)?include/|var/lib/dpkg/(?:info/|(?:status|available)(?:-old)?\Z)"
    rb"|(?:.*/)?\.npm/_cacache/content-v2/"
)
"""Test suites, documentation and headers of software installed without a manager, such as a language built
from source; the records of dpkg, and what npm keeps of a registry's packages."""


class Published:
    """Answers for one image."""

    def __init__(self, tree: FileTree, inventory: Inventory) -> None:
        self._tree = tree
        self._inventory = inventory
        self._records: dict[tuple[Ecosystem, str, str, bytes], Node | None] = {}

    def is_published(self, node: Node, layer: int) -> bool:
        """Whether `node`, which `layer` holds, is such a file; hidden files are judged by who owns their
        path."""
        if node.path.startswith(b"etc/"):
            return False
        if _FIXTURES.match(node.path):
            return True
        return any(self._is_unchanged(node, layer, package) for package in self._inventory.owners(node.path))

    def _is_unchanged(self, node: Node, layer: int, package: Package) -> bool:
        if package.ecosystem is Ecosystem.NPM and node.mtime_ns == _NPM_TIME_NS:
            return True
        record = self._record(package)
        if record is None:
            return False
        hidden = self._tree.get(node.path) is not node
        return (hidden or record.layer == layer) and node.mtime_ns <= record.mtime_ns + _GRACE_NS

    def _record(self, package: Package) -> Node | None:
        if package.key not in self._records:
            self._records[package.key] = self._find_record(package)
        return self._records[package.key]

    def _find_record(self, package: Package) -> Node | None:
        folder = parent(package.location)
        match package.ecosystem:
            case Ecosystem.DEB:
                names = (package.name, f"{package.name}:{package.arch}")
                paths = [b"var/lib/dpkg/info/%s.list" % name.encode() for name in names]
            case Ecosystem.PYPI:
                if folder + b"/direct_url.json" in self._tree:
                    return None
                paths = [folder + b"/RECORD", package.location]
            case Ecosystem.NPM:
                root, modules, _ = folder.partition(b"/node_modules/")
                paths = [root + b"/node_modules/.package-lock.json"] if modules else []
            case _:
                paths = [package.location]
        found = (self._tree.get(path) for path in paths)
        return next((node for node in found if node is not None and node.kind is Kind.FILE), None)
