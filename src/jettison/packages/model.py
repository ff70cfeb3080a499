"""What a package is, whatever manager installed it."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field

from packageurl import PackageURL

from jettison.layers.path import printable


class Ecosystem(enum.StrEnum):
    """The package managers that are read; the values are the types of package URLs (purl-spec)."""

    DEB = "deb"
    APK = "apk"
    RPM = "rpm"
    PYPI = "pypi"
    NPM = "npm"
    GEM = "gem"
    MAVEN = "maven"
    GOLANG = "golang"
    CARGO = "cargo"


SYSTEM = frozenset({Ecosystem.DEB, Ecosystem.APK, Ecosystem.RPM})
"""Ecosystems whose packages make up the operating system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One installed package. Its texts come from the image: `printable` before a terminal sees them."""

    ecosystem: Ecosystem
    name: str
    version: str
    location: bytes
    """The database or metadata file that names it; a path of the tree."""
    purl: str = ""
    arch: str = ""
    source: str = ""
    """Source package (deb, rpm) or origin (apk) if it has another name; else empty."""
    source_version: str = ""
    """Version of the source package; empty if it is the package's own."""
    depends: tuple[str, ...] = ()
    """Names of what it needs at run time, in the order written, virtual names and alternatives included."""
    provides: tuple[str, ...] = ()
    """Virtual names that it stands for."""
    license: str = ""
    files: tuple[bytes, ...] = ()
    """Paths it owns that exist in the tree, sorted: all but folders, and empty folders. `location` is among
    them where no other package shares it."""
    dev: bool = False
    """Its own ecosystem says that only development needs it."""

    @property
    def key(self) -> tuple[Ecosystem, str, str, bytes]:
        """Tells apart two packages of one image."""
        return (self.ecosystem, self.name, self.arch, self.location)

    def __str__(self) -> str:
        return printable(f"{self.name} {self.version}")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read; kept as data, so that one broken file does not hide all others."""

    location: bytes
    text: str


@dataclass(frozen=True, slots=True)
class Distro:
    """The distribution, from os-release(5); empty strings where the image has none."""

    id: str = ""
    version: str = ""
    codename: str = ""
    name: str = ""
    like: tuple[str, ...] = ()

    @property
    def tag(self) -> str:
        """`debian-12`, the qualifier that scanners use to choose their advisories; empty if unknown."""
        return "-".join(filter(None, (self.id, self.version)))


@dataclass(slots=True)
class Found:
    """What one cataloguer collects."""

    packages: list[Package] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, location: bytes, text: str) -> None:
        """Note that `location` could not be read as it should."""
        self.problems.append(Problem(location, text))


def purl(
    ecosystem: Ecosystem,
    name: str,
    version: str,
    *,
    namespace: str = "",
    qualifiers: Iterable[tuple[str, str]] = (),
) -> str:
    """The package URL; qualifiers without a value are left out. Empty if the name is empty."""
    if not name:
        return ""
    chosen = {key: value for key, value in qualifiers if value}
    return PackageURL(str(ecosystem), namespace or None, name, version or None, chosen or None).to_string()
