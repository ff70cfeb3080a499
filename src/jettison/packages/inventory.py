"""The inventory: every package of an image, and which of them owns a path."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from jettison.layers.entry import Kind
from jettison.packages import apk, dpkg, embedded, gem, jar, npm, python, rpm
from jettison.packages.distro import distro_of
from jettison.packages.model import SYSTEM, Distro, Ecosystem, Found, Package, Problem

if TYPE_CHECKING:
    from jettison.layers.tree import FileTree, Node

_SYSTEM_CATALOGUERS: Final = (dpkg.catalog, apk.catalog, rpm.catalog)
_Cataloguer = Callable[["FileTree", Sequence["Node"], Found], None]
_FILE_CATALOGUERS: Final[Mapping[str, tuple[bytes, _Cataloguer]]] = {
    "python": (python.PATTERN, python.catalog),
    "npm": (npm.PATTERN, npm.catalog),
    "gem": (gem.PATTERN, gem.catalog),
    "jar": (jar.PATTERN, jar.catalog),
}
_METADATA = re.compile(
    rb"(?:.*/)?(?:"
    + b"|".join(b"(?P<%s>%s)" % (k.encode(), p) for k, (p, _) in _FILE_CATALOGUERS.items())
    + rb")\Z",
    re.S,
)


@dataclass(frozen=True)
class Inventory:
    """What an image says it holds."""

    packages: tuple[Package, ...]
    """Sorted by ecosystem, name, version and location."""
    problems: tuple[Problem, ...] = ()
    """What could not be read, with the reason."""
    distro: Distro = field(default_factory=Distro)

    def owner(self, path: bytes) -> Package | None:
        """The package that owns `path`, an operating-system package before a language's; else None."""
        owners = self.owners(path)
        return owners[0] if owners else None

    def owners(self, path: bytes) -> tuple[Package, ...]:
        """All packages that own `path`, operating-system packages first."""
        return self._owners.get(path, ())

    def by_name(self, ecosystem: Ecosystem | str, name: str) -> Package | None:
        """The first package of that name, or else one that provides it; None if there is none."""
        found = self._names.get((str(ecosystem), name))
        return found[0] if found else None

    def all_by_name(self, ecosystem: Ecosystem | str, name: str) -> tuple[Package, ...]:
        """All packages of that name or that provide it: those with the name first."""
        return tuple(self._names.get((str(ecosystem), name), ()))

    @cached_property
    def _owners(self) -> dict[bytes, tuple[Package, ...]]:
        owners: dict[bytes, tuple[Package, ...]] = {}
        for package in sorted(self.packages, key=lambda p: p.ecosystem not in SYSTEM):
            for path in package.files:
                owners[path] = (*owners.get(path, ()), package)
        return owners

    @cached_property
    def _names(self) -> dict[tuple[str, str], list[Package]]:
        names: dict[tuple[str, str], list[Package]] = {}
        for package in self.packages:
            names.setdefault((str(package.ecosystem), package.name), []).append(package)
        for package in self.packages:
            for virtual in package.provides:
                names.setdefault((str(package.ecosystem), virtual), []).append(package)
        return names


def inventory(tree: FileTree) -> Inventory:
    """Read all package databases and metadata files of `tree`; their faults stand in `problems`."""
    found = Found()
    distro = distro_of(tree, found)
    for catalog in _SYSTEM_CATALOGUERS:
        catalog(tree, distro, found)
    candidates = _candidates(tree)
    for key, (_, catalog_files) in _FILE_CATALOGUERS.items():
        catalog_files(tree, candidates.get(key, []), found)
    embedded.catalog(tree, candidates.get("", []), found)
    packages = sorted(found.packages, key=lambda p: (p.ecosystem, p.name, p.version, p.location))
    return Inventory(tuple(packages), tuple(found.problems), distro)


def _candidates(tree: FileTree) -> dict[str, list[Node]]:
    """Metadata files by kind of package, and under the empty name the binaries worth looking into."""
    out: dict[str, list[Node]] = {}
    for node in tree.walk():
        if node.kind != Kind.FILE:
            continue
        match = _METADATA.match(node.path)
        if match and match.lastgroup:
            out.setdefault(match.lastgroup, []).append(node)
        elif embedded.may_hold(node):
            out.setdefault("", []).append(node)
    return out
