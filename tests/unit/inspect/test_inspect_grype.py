"""Databases of grype, made with the tables of schemas 5 and 6, and such as nobody should have made."""

import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import pytest

from jettison.errors import InvalidInputError, LimitError
from jettison.inspect import grype
from jettison.inspect.vulnerabilities import assess
from jettison.packages.inventory import Inventory
from jettison.packages.model import Distro, Ecosystem, Package

Advisory = tuple[str, str, str, str, str, str]
"""Id, ecosystem of schema 6, name, constraint, fix, severity."""


def package(ecosystem: Ecosystem, name: str, version: str, **more: str) -> Package:
    purl = f"pkg:{ecosystem}/{name}" if ecosystem is not Ecosystem.MAVEN else "pkg:maven/org.apache/log4j"
    return Package(ecosystem=ecosystem, name=name, version=version, location=b"db", purl=purl, **more)


BOOKWORM = Inventory(
    (
        package(Ecosystem.DEB, "libssl3", "3.0.11-1~deb12u2", source="openssl"),
        package(Ecosystem.PYPI, "Flask_Login", "0.6.1"),
        package(Ecosystem.MAVEN, "log4j", "2.14.1"),
    ),
    (),
    Distro("debian", "12", "bookworm"),
)
ALPINE = Inventory((package(Ecosystem.APK, "busybox", "1.36.1-r5"),), (), Distro("alpine", "3.20.3"))
ROCKY = Inventory((package(Ecosystem.RPM, "bash", "5.1.8-6.el9"),), (), Distro("rocky", "9.4"))
LANGUAGES = {"python": "python", "java-archive": "java"}
RELEASES = {"debian": ("12", ""), "alpine": ("3", "20"), "redhat": ("9", "")}


def schema_5(path: Path, advisories: Iterable[Advisory], distro: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "CREATE TABLE vulnerability (pk INTEGER PRIMARY KEY, id TEXT, package_name TEXT, namespace TEXT,"
            " package_qualifiers TEXT, version_constraint TEXT, version_format TEXT, cpes TEXT,"
            " related_vulnerabilities TEXT, fixed_in_versions TEXT, fix_state TEXT, advisories TEXT)"
        )
        db.execute("CREATE TABLE vulnerability_metadata (id TEXT, namespace TEXT, severity TEXT)")
        release = ".".join(filter(None, RELEASES[distro]))
        for name, ecosystem, of, constraint, fix, severity in advisories:
            language = LANGUAGES.get(ecosystem)
            space = f"github:language:{language}" if language else f"{distro}:distro:{distro}:{release}"
            fixes = json.dumps([fix]) if fix else None
            db.execute(
                "INSERT INTO vulnerability (id, package_name, namespace, version_constraint,"
                " fixed_in_versions) VALUES (?, ?, ?, ?, ?)",
                (name, of, space, constraint, fixes),
            )
            db.execute("INSERT INTO vulnerability_metadata VALUES (?, ?, ?)", (name, space, severity))


def schema_6(path: Path, advisories: Iterable[Advisory], distro: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(
            "CREATE TABLE blobs (id INTEGER PRIMARY KEY, value TEXT NOT NULL);"
            "CREATE TABLE packages (id INTEGER PRIMARY KEY, ecosystem TEXT, name TEXT);"
            "CREATE TABLE operating_systems (id INTEGER PRIMARY KEY, name TEXT, major_version TEXT,"
            " minor_version TEXT, codename TEXT);"
            "CREATE TABLE vulnerability_handles (id INTEGER PRIMARY KEY, name TEXT NOT NULL, status TEXT,"
            " withdrawn_date DATETIME, blob_id INTEGER);"
            "CREATE TABLE affected_package_handles (id INTEGER PRIMARY KEY, vulnerability_id INTEGER,"
            " operating_system_id INTEGER, package_id INTEGER, blob_id INTEGER);"
        )
        db.execute("INSERT INTO operating_systems VALUES (1, ?, ?, ?, '')", (distro, *RELEASES[distro]))
        for number, (name, ecosystem, of, constraint, fix, severity) in enumerate(advisories):
            ranges = {"version": {"constraint": constraint, "type": "x"}}
            ranges |= {"fix": {"version": fix, "state": "fixed"}} if fix else {}
            grade = {"severities": [{"scheme": "CHMLN", "value": severity, "rank": 1}]}
            blobs = (json.dumps(grade), json.dumps({"ranges": [ranges]}))
            for which, blob in enumerate(blobs):
                db.execute("INSERT INTO blobs VALUES (?, ?)", (2 * number + which, blob))
            db.execute("INSERT INTO packages VALUES (?, ?, ?)", (number, ecosystem, of))
            db.execute(
                "INSERT INTO vulnerability_handles VALUES (?, ?, 'active', NULL, ?)",
                (number, name, 2 * number),
            )
            system = None if ecosystem in LANGUAGES else 1
            db.execute(
                "INSERT INTO affected_package_handles VALUES (?, ?, ?, ?, ?)",
                (number, number, system, number, 2 * number + 1),
            )


SCHEMAS = pytest.mark.parametrize("make", [schema_5, schema_6])


def found(
    tmp_path: Path,
    make: Callable[..., None],
    inventory: Inventory,
    advisories: Iterable[Advisory],
    distro: str,
) -> list[tuple[str, str, str, str]]:
    path = tmp_path / "vulnerability.db"
    make(path, advisories, distro)
    return [(each.id, each.package, each.severity, each.fixed) for each in assess(inventory, path)]


@SCHEMAS
def test_packages_of_a_distribution_and_of_languages_are_matched(tmp_path, make):
    advisories = [
        ("CVE-1", "deb", "openssl", "< 3.0.11-1~deb12u3", "3.0.11-1~deb12u3", "High"),
        ("CVE-2", "deb", "openssl", "< 3.0.11-1~deb12u2", "3.0.11-1~deb12u2", "High"),
        ("CVE-3", "deb", "openssl", "", "", "Low"),
        ("CVE-4", "deb", "libssl3", "", "", "Low"),
        ("GHSA-1", "python", "flask-login", ">=0.5,<0.6.2", "0.6.2", "Medium"),
        ("GHSA-2", "python", "flask-login", "<0.5 || >=0.6.2", "", "Medium"),
        ("GHSA-3", "java-archive", "org.apache:log4j", ">=2.0-beta9,<2.15.0", "2.15.0", "Critical"),
    ]
    assert found(tmp_path, make, BOOKWORM, advisories, "debian") == [
        ("GHSA-1", "Flask_Login", "medium", "0.6.2"),
        ("CVE-1", "libssl3", "high", "3.0.11-1~deb12u3"),
        ("CVE-3", "libssl3", "low", ""),
        ("GHSA-3", "log4j", "critical", "2.15.0"),
    ]


@SCHEMAS
@pytest.mark.parametrize(
    ("inventory", "distro", "advisory"),
    [
        (ALPINE, "alpine", ("CVE-9", "apk", "busybox", "< 1.36.1-r7", "1.36.1-r7", "high")),
        (ROCKY, "redhat", ("CVE-9", "rpm", "bash", "< 0:5.1.8-9.el9", "0:5.1.8-9.el9", "high")),
    ],
)
def test_a_release_is_called_as_the_database_calls_it(tmp_path, make, inventory, distro, advisory):
    assert [each[0] for each in found(tmp_path, make, inventory, [advisory], distro)] == ["CVE-9"]
    other = tmp_path / "other"
    other.mkdir()
    assert found(other, make, BOOKWORM, [advisory], distro) == []


def test_withdrawn_advisories_and_module_streams_do_not_count(tmp_path):
    advisories = [("CVE-1", "rpm", "bash", "", "", "low"), ("CVE-2", "rpm", "bash", "", "", "low")]
    path = tmp_path / "vulnerability.db"
    schema_6(path, advisories, "redhat")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE vulnerability_handles SET withdrawn_date = '2024-01-01' WHERE id = 0")
        blob = json.dumps({"qualifiers": {"rpm_modularity": "nodejs:18"}, "ranges": [{"version": {}}]})
        db.execute("UPDATE blobs SET value = ? WHERE id = 3", (blob,))
    assert assess(ROCKY, path) == ()


def test_the_file_is_neither_changed_nor_locked(tmp_path):
    path = tmp_path / "vulnerability.db"
    schema_6(path, [("CVE-1", "deb", "openssl", "", "", "low")], "debian")
    before = path.read_bytes()
    path.chmod(0o444)
    assert len(assess(BOOKWORM, path)) == 1
    assert (path.read_bytes(), [each.name for each in tmp_path.iterdir()]) == (before, [path.name])


def changed(statement: str, *values: object) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        schema_6(path, [("CVE-1", "deb", "openssl", "", "", "low")], "debian")
        with closing(sqlite3.connect(path)) as db, db:
            db.execute(statement, values)

    return make


def truncated(path: Path) -> None:
    schema_6(path, [(f"CVE-{n}", "deb", "openssl", "", "", "low") for n in range(2000)], "debian")
    path.write_bytes(path.read_bytes()[:20_000])


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b"no database at all"),
        lambda path: path.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000),
        truncated,
        changed("DROP TABLE blobs"),
        changed("ALTER TABLE packages RENAME COLUMN ecosystem TO kind"),
        changed("UPDATE blobs SET value = '{'"),
        changed("""UPDATE blobs SET value = '{"ranges": 7}'"""),
        changed("UPDATE blobs SET value = ?", "x" * 70_000_000),
        changed("UPDATE blobs SET value = CAST(x'ff00fe' AS TEXT)"),
    ],
)
def test_a_hostile_file_is_refused_and_named(tmp_path, make):
    path = tmp_path / "vulnerability.db"
    make(path)
    with pytest.raises(InvalidInputError) as caught:
        assess(BOOKWORM, path)
    assert caught.value.exit_code == 3


def test_a_view_in_place_of_a_table_is_refused(tmp_path):
    path = tmp_path / "vulnerability.db"
    schema_6(path, [], "debian")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DROP TABLE packages")
        db.execute(
            "CREATE VIEW packages AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
            " SELECT i AS id, 'deb' AS ecosystem, 'none' AS name FROM n"
        )
    with pytest.raises(InvalidInputError, match="tables"):
        assess(BOOKWORM, path)


def test_a_file_that_makes_too_much_work_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(grype, "_STEPS", 50)
    monkeypatch.setattr(grype, "_MAX_STEPS", 100)
    path = tmp_path / "vulnerability.db"
    schema_6(path, [(f"CVE-{n}", "deb", "other", "", "", "low") for n in range(3000)], "debian")
    with pytest.raises(LimitError, match="work"):
        assess(BOOKWORM, path)
