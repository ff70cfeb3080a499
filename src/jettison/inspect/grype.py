"""Vulnerabilities from a database of grype: SQLite, of schema 5 or 6.

Schema 5 has one table of ranges; schema 6 names packages, systems and vulnerabilities in tables and keeps
the rest as JSON in `blobs`. The file is the user's, but not made by them: it is opened read-only, its values,
its schema and the work it makes are bounded. Ranges that are of a module stream of RPM are left out, since an
inventory does not know the stream; what only a CPE names is left out too.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Struct, field

from jettison.errors import InvalidInputError, LimitError
from jettison.limits import MAX_SMALL_FILE_BYTES
from jettison.packages.model import SYSTEM, Distro, Ecosystem, Package
from jettison.packages.versions import satisfies

_STEPS: Final = 1_000_000
_MAX_STEPS: Final = 20_000
"""Calls of the progress handler, each after `_STEPS` instructions of SQLite: some minutes."""
_LANGUAGES: Final = {
    Ecosystem.PYPI: ("python", ("python", "pypi")),
    Ecosystem.NPM: ("javascript", ("npm",)),
    Ecosystem.GEM: ("ruby", ("gem", "rubygems")),
    Ecosystem.MAVEN: ("java", ("java-archive", "maven")),
    Ecosystem.GOLANG: ("go", ("go-module", "golang", "go")),
    Ecosystem.CARGO: ("rust", ("rust-crate", "cargo")),
}
"""What schema 5 calls the language, and schema 6 the ecosystem."""
_ALIKE: Final = {"rhel": "redhat", "centos": "redhat", "rocky": "redhat", "almalinux": "redhat"}
"""Distributions that take the advisories of another."""


_T = TypeVar("_T")


class Hit(Struct, frozen=True):
    """A package that the database says is affected."""

    id: str
    severity: str
    fixed: str
    """The version that mends it; empty if there is none."""


class _Version(Struct):
    constraint: str = ""


class _Fix(Struct):
    version: str = ""
    state: str = ""


class _Range(Struct):
    version: _Version = field(default_factory=_Version)
    fix: _Fix | None = None


class _Qualifiers(Struct):
    rpm_modularity: str | None = None


class _Affected(Struct):
    ranges: list[_Range] = []
    qualifiers: _Qualifiers | None = None


class _Severity(Struct):
    scheme: str = ""
    value: Any = ""


class _Advisory(Struct):
    severities: list[_Severity] = []


class GrypeDatabase:
    """An open database; a context manager. Every failure is an `InvalidInputError` or a `LimitError`."""

    def __init__(self, path: Path, distro: Distro) -> None:
        """`distro` is the distribution of the packages that will be asked for."""
        self._path = path
        self._distro = distro
        self._turns = 0
        self._connection = sqlite3.connect(
            f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1", uri=True
        )
        self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_SMALL_FILE_BYTES)
        self._connection.set_progress_handler(self._tire, _STEPS)

    def __enter__(self) -> GrypeDatabase:
        try:
            self._connection.execute("PRAGMA trusted_schema = OFF")
            tables = {name for (name,) in self._query("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if {"packages", "affected_package_handles", "vulnerability_handles", "blobs"} <= tables:
                self._hits = self._hits_of_6
            elif {"vulnerability", "vulnerability_metadata"} <= tables:
                self._hits = self._hits_of_5
            else:
                hint = "read are vulnerability.db of grype's schemas 5 and 6, OSV dumps and Debian's tracker"
                raise InvalidInputError(f"{self._path} has not the tables of a database of grype", hint=hint)
        except BaseException:
            self._connection.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def hits(self, package: Package, name: str, version: str) -> Iterator[Hit]:
        """What affects `package`, which advisories call `name` and know in `version`."""
        names = dict.fromkeys((name, package.name)) if package.ecosystem is Ecosystem.RPM else (name,)
        for each in names:
            yield from self._hits(package.ecosystem, each, version)

    # --- schema 5
    def _hits_of_5(self, ecosystem: Ecosystem, name: str, version: str) -> Iterator[Hit]:
        query = (
            "SELECT v.id, v.version_constraint, v.fixed_in_versions, v.package_qualifiers,"
            " (SELECT m.severity FROM vulnerability_metadata m"
            " WHERE m.id = v.id AND m.namespace = v.namespace)"
            " FROM vulnerability v WHERE v.package_name = ? AND v.namespace = ?"
        )
        for row in self._query(query, name, self._namespace(ecosystem)):
            identity, constraint, fixes, qualifiers, severity = map(_text, row)
            if "rpm-modularity" not in qualifiers and satisfies(ecosystem, version, constraint):
                fixed = self._decoded(fixes or "[]", list[str])
                yield Hit(identity, severity.lower(), fixed[0] if fixed else "")

    def _namespace(self, ecosystem: Ecosystem) -> str:
        if ecosystem not in SYSTEM:
            return f"github:language:{_LANGUAGES[ecosystem][0]}"
        name = _ALIKE.get(self._distro.id, self._distro.id)
        major, minor = _release(self._distro)
        short = major if name in ("redhat", "debian") else f"{major}.{minor}" if minor else major
        return f"{name}:distro:{name}:{short}"

    # --- schema 6
    def _hits_of_6(self, ecosystem: Ecosystem, name: str, version: str) -> Iterator[Hit]:
        query = (
            "SELECT v.name, b.value, d.value, o.name, o.major_version, o.minor_version, v.withdrawn_date"
            " FROM packages p JOIN affected_package_handles a ON a.package_id = p.id"
            " JOIN vulnerability_handles v ON v.id = a.vulnerability_id JOIN blobs b ON b.id = a.blob_id"
            " LEFT JOIN blobs d ON d.id = v.blob_id"
            " LEFT JOIN operating_systems o ON o.id = a.operating_system_id"
            " WHERE p.name = ? AND p.ecosystem = ?"
        )
        system = ecosystem in SYSTEM
        for kind in (str(ecosystem),) if system else _LANGUAGES[ecosystem][1]:
            for identity, *rest in self._query(query, name, kind):
                blob, advisory, *release, withdrawn = map(_text, rest)
                if not withdrawn and (self._is_of(*release) if system else not release[0]):
                    yield from self._in_ranges(ecosystem, version, _text(identity), blob, advisory)

    def _is_of(self, name: str, major: str, minor: str) -> bool:
        """Whether an operating system of the database is that of the image."""
        own = _ALIKE.get(self._distro.id, self._distro.id)
        own_major, own_minor = _release(self._distro)
        same = _ALIKE.get(name, name) == own and major == own_major
        return same and minor in ("", own_minor)

    def _in_ranges(
        self, ecosystem: Ecosystem, version: str, identity: str, blob: str, advisory: str
    ) -> Iterator[Hit]:
        affected = self._decoded(blob, _Affected)
        if affected.qualifiers and affected.qualifiers.rpm_modularity:
            return
        for each in affected.ranges:
            if satisfies(ecosystem, version, each.version.constraint):
                grades = self._decoded(advisory or "{}", _Advisory).severities
                words = [grade.value.lower() for grade in grades if isinstance(grade.value, str)]
                fixed = each.fix.version if each.fix and each.fix.state == "fixed" else ""
                yield Hit(identity, words[0] if words else "", fixed)
                return

    # --- the file
    def _query(self, query: str, *values: str) -> Iterator[tuple[Any, ...]]:
        try:
            with closing(self._connection.execute(query, values)) as cursor:
                yield from cursor
        except sqlite3.DatabaseError as error:
            if self._turns > _MAX_STEPS:
                raise LimitError(f"{self._path} makes too much work") from error
            raise InvalidInputError(f"{self._path} cannot be read as a database of grype: {error}") from error

    def _decoded(self, text: str, kind: type[_T]) -> _T:
        try:
            return msgspec.json.decode(text, type=kind)
        except (msgspec.DecodeError, UnicodeEncodeError) as error:
            raise InvalidInputError(f"{self._path} has a value that is none of grype's: {error}") from error

    def _tire(self) -> bool:
        self._turns += 1
        return self._turns > _MAX_STEPS


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _release(distro: Distro) -> tuple[str, str]:
    major, _, rest = distro.version.partition(".")
    return major, rest.partition(".")[0]
