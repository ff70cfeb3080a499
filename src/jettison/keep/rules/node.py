"""Keeps the npm packages that the application can reach.

**What.** From the application's JavaScript: the modules that it imports by a constant or partly constant
name, wherever the import stands. A package in `node_modules` of which one file is needed stays whole, with
the packages that its `package.json` depends on.

**Why.** `require` inside a route is common, and packages load their own parts by names that are computed.

**Cost.** 5 to 60 MB; what `devDependencies` brought and nothing reaches goes. Left out of packages: tests,
documentation, examples, source maps, type declarations, sources of compiled add-ons.

**Sources.** nodejs.org/api/modules.html, esm.html, packages.html; the documentation of npm, package.json.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from jettison.keep.languages.node import (
    PACKAGES,
    SOURCES,
    dependencies,
    find_module,
    find_package,
    imports_of,
    package_of,
)
from jettison.keep.languages.pruning import needed_files
from jettison.keep.rule import Keep, Rule
from jettison.layers.path import encode_path, parent

if TYPE_CHECKING:
    from jettison.keep.context import Context
    from jettison.layers.tree import Node


class NodePackages(Rule):
    """Modules and packages of JavaScript."""

    name = "node"

    def __init__(self) -> None:
        self._packages: set[bytes] = set()

    def visit(self, context: Context, node: Node) -> Iterable[Keep]:
        """A file of a package brings the package; a source of the application what it imports."""
        package = package_of(node.path)
        if package is not None:
            if package not in self._packages:
                self._packages.add(package)
                yield from _whole(context, package, node)
        elif node.path.endswith(SOURCES):
            yield from _imported(context, node)


def _whole(context: Context, package: bytes, cause: Node) -> Iterator[Keep]:
    for node in needed_files(context.tree, package, skip=frozenset((PACKAGES,))):
        yield Keep(node.path, "part of an npm package that is used", cause.path, follow=False)
    manifest = package + b"/package.json"
    for wanted in sorted(dependencies(context.text(manifest))):
        yield from _package(context, wanted, package, f"a dependency of {encode_path(package)}", manifest)


def _imported(context: Context, node: Node) -> Iterator[Keep]:
    folder = parent(node.path)
    for request in sorted(imports_of(context.read(node))):
        text = f"imported as {encode_path(request)}"
        if request.startswith((b"./", b"../", b"/")):
            for found in find_module(context.tree, request, folder):
                yield Keep(found.path, text, node.path)
        elif not request.startswith(b"node:"):
            yield from _package(context, request, folder, text, node.path)


def _package(context: Context, request: bytes, importer: bytes, text: str, cause: bytes) -> Iterator[Keep]:
    """One file is enough: the rest of the package follows when that is visited."""
    found = find_package(context.tree, request, importer)
    if found is not None:
        yield Keep(found + b"/package.json", text, cause)
