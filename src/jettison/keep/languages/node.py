"""What JavaScript modules import, and how Node.js finds it (nodejs.org/api: modules, esm, packages)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jettison.layers.entry import Kind
from jettison.layers.path import name, parent

if TYPE_CHECKING:
    from jettison.layers.tree import FileTree, Node

SOURCES: Final = (b".js", b".mjs", b".cjs", b".ts", b".mts", b".cts", b".jsx", b".tsx")
PACKAGES: Final = b"node_modules"
_TOKEN: Final = re.compile(
    rb"""//[^\n]*|/\*.*?\*/
    |\b(?:require(?:\.resolve)?|import)\s*\(\s*(?P<q>['"`])(?P<call>[^'"`\n$]+)(?P<rest>\$\{)?[^)]*?\)
    |\b(?:import|export)\b(?:[^'"`;()]{0,2000}?\bfrom\b)?\s*(?P<r>['"])(?P<from>[^'"\n]+)(?P=r)""",
    re.VERBOSE | re.DOTALL,
)
_ENDINGS: Final = (b"", *SOURCES, b".json", b".node")


def imports_of(text: bytes) -> set[bytes]:
    """Module names that a source names as constants; of a partly constant name (`./locale/${x}`) the constant
    beginning, up to its last slash, with the slash."""
    found: set[bytes] = set()
    for match in _TOKEN.finditer(text):
        if match["from"]:
            found.add(match["from"])
        elif match["call"] and match["rest"]:
            found.add(match["call"].rpartition(b"/")[0] + b"/")
        elif match["call"]:
            found.add(match["call"])
    return found - {b"/"}


def package_of(path: bytes) -> bytes | None:
    """The folder of the package in `node_modules` that the file `path` belongs to; None for other files."""
    parts = path.split(b"/")
    for index in range(len(parts) - 2, -1, -1):
        if parts[index] == PACKAGES:
            size = 3 if parts[index + 1].startswith(b"@") else 2
            return b"/".join(parts[: index + size]) if len(parts) > index + size else None
    return None


def find_package(tree: FileTree, request: bytes, importer: bytes) -> bytes | None:
    """The folder of the package that `request` means for a module in the folder `importer`, links
    resolved."""
    parts = request.split(b"/")
    wanted = b"/".join(parts[: 2 if request.startswith(b"@") else 1])
    folder = importer
    while True:
        if name(folder) != PACKAGES:
            place = b"/".join(filter(None, (folder, PACKAGES, wanted)))
            resolved = tree.resolve(place)
            if resolved.node is not None and resolved.node.kind is Kind.DIR:
                return resolved.path
        if not folder:
            return None
        folder = parent(folder)


def find_module(tree: FileTree, request: bytes, importer: bytes) -> Iterator[Node]:
    """The files that the relative or absolute `request` may mean for a module in the folder `importer`."""
    if request.endswith(b"/") and request.strip(b"./"):
        folder = tree.resolve(request, cwd=importer).node
        if folder is not None and folder.kind is Kind.DIR:
            yield from (child for child in tree.children(folder.path) if child.kind is Kind.FILE)
        return
    for ending in (*_ENDINGS, *(b"/index" + each for each in (b".js", b".mjs", b".cjs", b".json", b".ts"))):
        node = tree.resolve(request + ending, cwd=importer).node
        if node is not None and node.kind is Kind.FILE:
            yield node
            return


def dependencies(manifest: bytes) -> set[bytes]:
    """Names of the packages that a `package.json` needs at run time; none when it cannot be read."""
    try:
        document: Any = msgspec.json.decode(manifest)
    except (msgspec.DecodeError, RecursionError):
        return set()
    found: set[bytes] = set()
    if isinstance(document, dict):
        for key in ("dependencies", "optionalDependencies", "peerDependencies"):
            section = document.get(key)
            if isinstance(section, dict):
                found.update(package.encode() for package in section)
    return found
