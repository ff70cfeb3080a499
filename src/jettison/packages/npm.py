"""Node packages: `package.json` of modules, and npm's hidden lock, which knows what development needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from jettison.layers.entry import Kind
from jettison.layers.path import parent
from jettison.packages import files
from jettison.packages.model import Ecosystem, Found, Package, purl

if TYPE_CHECKING:
    from jettison.layers.tree import FileTree, Node

PATTERN = rb"package\.json"
MODULES = b"node_modules"

_INSTALLED = re.compile(rb"(?:^|.*/)node_modules/((?:@[^/]+/)?[^/@.][^/]*)/package\.json\Z")
"""A module right under a `node_modules`; deeper files are fixtures and build variants of a module."""


class Manifest(msgspec.Struct):
    """What is needed of a package.json; loosely typed, since old packages hold what npm has to normalise."""

    name: Any = None
    version: Any = None
    license: Any = None
    licenses: Any = None
    dependencies: Any = None
    optionalDependencies: Any = None  # noqa: N815 - npm's spelling
    peerDependencies: Any = None  # noqa: N815


class _Locked(msgspec.Struct):
    dev: bool = False


class _Lock(msgspec.Struct):
    packages: dict[str, _Locked] = {}


_manifests = msgspec.json.Decoder(Manifest)
_locks = msgspec.json.Decoder(_Lock)


def catalog(tree: FileTree, nodes: Sequence[Node], found: Found) -> None:
    """Add the module of each package.json in `nodes` to `found`; an application's owns only itself."""
    dev = _Development(tree, found)
    for node in nodes:
        content = files.read_node(tree, node, found)
        manifest = _parse(content, node.path, found) if content is not None else None
        if manifest is not None and _is_text(manifest.name) and _is_text(manifest.version):
            found.packages.append(_package(tree, node, manifest, dev=dev.only(parent(node.path))))


def is_installed(path: bytes) -> bool:
    """Whether a package.json is that of an installed module, not an application's own or a fixture."""
    return _INSTALLED.match(path) is not None


def _parse(content: bytes, location: bytes, found: Found) -> Manifest | None:
    try:
        return _manifests.decode(content.removeprefix(b"\xef\xbb\xbf"))
    except msgspec.DecodeError as error:
        if is_installed(location):
            found.problem(location, str(error))
        return None


def _package(tree: FileTree, node: Node, manifest: Manifest, *, dev: bool) -> Package:
    scope, _, short = str(manifest.name).rpartition("/")
    return Package(
        ecosystem=Ecosystem.NPM,
        name=str(manifest.name),
        version=str(manifest.version),
        depends=_depends(manifest),
        license=_license(manifest),
        purl=purl(Ecosystem.NPM, short, str(manifest.version), namespace=scope),
        files=tuple(sorted(_owned(tree, parent(node.path)))) if is_installed(node.path) else (node.path,),
        location=node.path,
        dev=dev,
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _depends(manifest: Manifest) -> tuple[str, ...]:
    groups = (manifest.dependencies, manifest.optionalDependencies, manifest.peerDependencies)
    return tuple(dict.fromkeys(name for group in groups if isinstance(group, dict) for name in group))


def _license(manifest: Manifest) -> str:
    """The SPDX expression; old packages have `{type, url}` or a list of those."""
    value = manifest.license or manifest.licenses
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("type")
    return value if isinstance(value, str) else ""


def _owned(tree: FileTree, folder: bytes) -> Iterator[bytes]:
    """All paths of a module but the modules nested in it, which own themselves."""
    for child in tree.children(folder):
        if child.kind != Kind.DIR:
            yield child.path
        elif not child.path.endswith(b"/" + MODULES):
            inner = tree.walk(child.path)
            yield from (node.path for node in inner if node.kind != Kind.DIR or not tree.names(node.path))


class _Development:
    """Which modules npm marked as for development only, from `node_modules/.package-lock.json`."""

    def __init__(self, tree: FileTree, found: Found) -> None:
        self._tree = tree
        self._found = found
        self._roots: dict[bytes, frozenset[str]] = {}

    def only(self, folder: bytes) -> bool:
        """Whether the module in `folder` is."""
        root, separator, rest = folder.partition(b"/" + MODULES + b"/")
        return bool(separator) and (MODULES + b"/" + rest).decode(errors="replace") in self._marked(root)

    def _marked(self, root: bytes) -> frozenset[str]:
        if root not in self._roots:
            content = files.read(self._tree, root + b"/node_modules/.package-lock.json", self._found)
            self._roots[root] = _dev_paths(content[1]) if content is not None else frozenset()
        return self._roots[root]


def _dev_paths(content: bytes) -> frozenset[str]:
    try:
        lock = _locks.decode(content)
    except msgspec.DecodeError:
        return frozenset()
    return frozenset(path for path, entry in lock.packages.items() if entry.dev)
