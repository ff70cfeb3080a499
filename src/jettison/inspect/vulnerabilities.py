"""Known vulnerabilities of the packages of an image, from a database that the user brings.

Read are dumps of OSV (ossf.github.io/osv-schema: `all.zip` of an ecosystem, single documents, a folder of
either), the JSON of Debian's security tracker, and the SQLite of grype (`jettison.inspect.grype`). Nothing is
fetched. What the database does not name is not said to be safe: it is only not known there.
"""

from __future__ import annotations

import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
from msgspec import Struct, field
from packageurl import PackageURL

from jettison.errors import InvalidInputError, UsageError
from jettison.inspect.grype import GrypeDatabase
from jettison.inspect.model import Vulnerability
from jettison.limits import MAX_REPORT_BYTES, MAX_SMALL_FILE_BYTES
from jettison.packages.inventory import Inventory
from jettison.packages.model import Distro, Ecosystem, Package
from jettison.packages.versions import compare

_SQLITE: Final = b"SQLite format 3\0"
_LANGUAGES: Final = {
    Ecosystem.PYPI: "PyPI",
    Ecosystem.NPM: "npm",
    Ecosystem.GEM: "RubyGems",
    Ecosystem.MAVEN: "Maven",
    Ecosystem.GOLANG: "Go",
    Ecosystem.CARGO: "crates.io",
}
_DISTROS: Final = {
    "debian": "Debian",
    "ubuntu": "Ubuntu",
    "alpine": "Alpine",
    "almalinux": "AlmaLinux",
    "rocky": "Rocky Linux",
}


class _Event(Struct):
    introduced: str = ""
    fixed: str = ""
    last_affected: str = ""


class _Range(Struct):
    type: str = ""
    events: list[_Event] = []


class _Name(Struct):
    ecosystem: str = ""
    name: str = ""


class _Affected(Struct):
    package: _Name = field(default_factory=_Name)
    ranges: list[_Range] = []
    versions: list[str] = []


class _Grade(Struct):
    severity: object = ""


class _Advisory(Struct):
    id: str = ""
    withdrawn: str | None = None
    affected: list[_Affected] | None = None
    database_specific: _Grade | None = None


class _Release(Struct):
    status: str = ""
    fixed_version: str = ""
    urgency: str = ""


class _Tracked(Struct):
    releases: dict[str, _Release] = {}


class _Kind(Struct):
    id: str = ""


def assess(inventory: Inventory, database: Path) -> tuple[Vulnerability, ...]:
    """What `database` knows of the packages, by package and id, each once.

    Raises `UsageError` for a file that cannot be read, `RefusedError` for one that is no such database or
    broken.
    """
    found = {(each.id, each.purl, each.version): each for each in _known(inventory, database)}
    return tuple(found[key] for key in sorted(found, key=lambda key: (found[key].package, key)))


def _known(inventory: Inventory, database: Path) -> Iterator[Vulnerability]:
    if _is_sqlite(database):
        with GrypeDatabase(database, inventory.distro) as grype:
            for package in inventory.packages:
                for hit in grype.hits(package, _name(package), _version(package)):
                    yield _vulnerability(hit.id, hit.severity, package, hit.fixed)
        return
    index = _index(inventory)
    for data in _documents(database):
        yield from _matches(data, index, inventory)


# --- the files of a database
def _is_sqlite(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False  # a folder; what cannot be read is said when it is read


def _documents(path: Path) -> Iterator[bytes]:
    if path.is_dir():
        for file in sorted([*path.rglob("*.json"), *path.rglob("*.zip")]):
            yield from _documents(file)
        return
    try:
        with path.open("rb") as stream:
            head = stream.read(2)
            stream.seek(0)
            if head == b"PK":
                yield from _members(stream)
            else:
                yield _bounded(stream, MAX_REPORT_BYTES, str(path))
    except zipfile.BadZipFile as error:
        raise InvalidInputError(f"{path}: {error}") from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def _members(stream: BinaryIO) -> Iterator[bytes]:
    with zipfile.ZipFile(stream) as archive:
        for name in archive.namelist():
            if name.endswith(".json"):
                with archive.open(name) as member:
                    yield _bounded(member, MAX_SMALL_FILE_BYTES, name)


def _bounded(stream: object, limit: int, name: str) -> bytes:
    data: bytes = stream.read(limit + 1)  # type: ignore[attr-defined]
    if len(data) > limit:
        raise InvalidInputError(f"{name} has more than {limit} bytes")
    return data


# --- what they say
_Index = Mapping[tuple[str, str], list[Package]]


def _index(inventory: Inventory) -> _Index:
    """Packages by the ecosystem and the name that OSV has for them."""
    out: dict[tuple[str, str], list[Package]] = defaultdict(list)
    for package in inventory.packages:
        language = _LANGUAGES.get(package.ecosystem)
        out[language or _distro(inventory.distro), _name(package)].append(package)
    return out


def _distro(distro: Distro) -> str:
    """`Debian:12`, `Alpine:v3.20`, `Ubuntu:22.04`; as `_plain` leaves it."""
    name, version = _DISTROS.get(distro.id, distro.id), distro.version
    if distro.id == "alpine":
        version = "v" + ".".join(version.split(".")[:2])
    elif distro.id in ("almalinux", "rocky"):
        version = version.split(".")[0]
    return f"{name}:{version}"


def _plain(ecosystem: str) -> str:
    """An ecosystem of OSV without what does not matter here: `Ubuntu:22.04:LTS`, `Ubuntu:Pro:…`."""
    return re.sub(r":LTS\Z", "", ecosystem)


def _name(package: Package) -> str:
    if package.ecosystem is Ecosystem.PYPI:
        return re.sub(r"[-_.]+", "-", package.name).lower()
    if package.ecosystem is Ecosystem.MAVEN and package.purl:
        parsed = PackageURL.from_string(package.purl)
        return f"{parsed.namespace}:{parsed.name}"
    return package.source or package.name


def _matches(data: bytes, index: _Index, inventory: Inventory) -> Iterator[Vulnerability]:
    try:
        if data.lstrip()[:1] == b"[":
            advisories = msgspec.json.decode(data, type=list[_Advisory])
        elif msgspec.json.decode(data, type=_Kind).id:
            advisories = [msgspec.json.decode(data, type=_Advisory)]
        else:
            tracker = msgspec.json.decode(data, type=dict[str, dict[str, _Tracked]])
            yield from _from_tracker(tracker, inventory)
            return
    except msgspec.DecodeError as error:
        hint = "read are OSV dumps, the JSON of Debian's security tracker and vulnerability.db of grype"
        raise InvalidInputError(f"this is no database of vulnerabilities: {error}", hint=hint) from error
    for advisory in advisories:
        yield from _from_osv(advisory, index)


def _from_osv(advisory: _Advisory, index: _Index) -> Iterator[Vulnerability]:
    if advisory.withdrawn:
        return
    for affected in advisory.affected or ():
        for package in index.get((_plain(affected.package.ecosystem), affected.package.name), ()):
            fixed = _affects(affected, package)
            if fixed is not None:
                grade = advisory.database_specific.severity if advisory.database_specific else ""
                severity = grade.lower() if isinstance(grade, str) else ""
                yield _vulnerability(advisory.id, severity, package, fixed)


def _affects(affected: _Affected, package: Package) -> str | None:
    """The version that mends it, empty if there is none; None if the package is not affected."""
    version = _version(package)
    for each in affected.ranges:
        if each.type in ("ECOSYSTEM", "SEMVER"):
            fixed = _in_range(each.events, package.ecosystem, version)
            if fixed is not None:
                return fixed
    return "" if version in affected.versions else None


def _in_range(events: Iterable[_Event], ecosystem: Ecosystem, version: str) -> str | None:
    """As OSV's schema evaluates a range; events come in order there, and are pairs of begin and end."""
    inside = False
    for event in events:
        if event.introduced:
            inside = event.introduced == "0" or compare(ecosystem, version, event.introduced) >= 0
        elif event.fixed:
            if inside and compare(ecosystem, version, event.fixed) < 0:
                return event.fixed
            inside = False
        elif event.last_affected:
            if inside and compare(ecosystem, version, event.last_affected) <= 0:
                return ""
            inside = False
    return "" if inside else None


def _from_tracker(
    tracker: Mapping[str, Mapping[str, _Tracked]], inventory: Inventory
) -> Iterator[Vulnerability]:
    for package in inventory.packages:
        if package.ecosystem is not Ecosystem.DEB:
            continue
        for name, tracked in tracker.get(_name(package), {}).items():
            release = tracked.releases.get(inventory.distro.codename)
            if release is None:
                continue
            fixed = release.fixed_version
            # A fixed version of 0 says that no version of this release ever had it.
            older = fixed not in ("", "0") and compare(Ecosystem.DEB, _version(package), fixed) < 0
            if release.status == "open" or (release.status == "resolved" and older):
                yield _vulnerability(name, release.urgency, package, fixed if older else "")


def _version(package: Package) -> str:
    return package.source_version or package.version


def _vulnerability(name: str, severity: str, package: Package, fixed: str) -> Vulnerability:
    return Vulnerability(
        id=name,
        severity=severity,
        package=package.name,
        version=package.version,
        fixed=fixed,
        purl=package.purl,
    )
