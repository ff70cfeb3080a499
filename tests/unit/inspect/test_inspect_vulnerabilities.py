"""Databases of known vulnerabilities, each in the form its maker publishes."""

import json
import zipfile
from pathlib import Path

import pytest

from jettison.errors import InvalidInputError, UsageError
from jettison.inspect.vulnerabilities import assess
from jettison.packages.inventory import Inventory
from jettison.packages.model import Distro, Ecosystem, Package

BOOKWORM = Distro("debian", "12", "bookworm", "Debian GNU/Linux 12")


def package(ecosystem: Ecosystem, name: str, version: str, **more: str) -> Package:
    return Package(
        ecosystem=ecosystem,
        name=name,
        version=version,
        location=b"db",
        purl=f"pkg:{ecosystem}/{name}",
        **more,
    )


INVENTORY = Inventory(
    (
        package(Ecosystem.DEB, "libssl3", "3.0.11-1", source="openssl"),
        package(Ecosystem.PYPI, "Flask_Login", "0.6.1"),
        package(Ecosystem.NPM, "left-pad", "1.3.0"),
    ),
    (),
    BOOKWORM,
)


def osv(ecosystem: str, name: str, *events: dict[str, str], **more: object) -> dict[str, object]:
    affected = {
        "package": {"ecosystem": ecosystem, "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    return {"id": "TEST-1", "affected": [affected], **more}


def found(tmp_path: Path, document: object, inventory: Inventory = INVENTORY) -> list[tuple[str, str, str]]:
    path = tmp_path / "database.json"
    path.write_text(json.dumps(document))
    return [(each.id, each.package, each.fixed) for each in assess(inventory, path)]


@pytest.mark.parametrize(
    ("ecosystem", "name", "events", "expected"),
    [
        ("Debian:12", "openssl", "introduced 0 fixed 3.0.12-1", ("libssl3", "3.0.12-1")),
        ("Debian:12", "openssl", "introduced 0 fixed 3.0.11-1", None),
        ("Debian:12", "openssl", "introduced 0", ("libssl3", "")),
        ("Debian:11", "openssl", "introduced 0", None),
        ("PyPI", "flask-login", "introduced 0.5 last_affected 0.6.1", ("Flask_Login", "")),
        ("PyPI", "flask-login", "introduced 0.6.2", None),
        ("npm", "left-pad", "introduced 0 fixed 1.0.0 introduced 1.2.0 fixed 1.3.1", ("left-pad", "1.3.1")),
    ],
)
def test_osv_ranges_apply_by_ecosystem_and_source_package(
    tmp_path: Path, ecosystem: str, name: str, events: str, expected: tuple[str, str] | None
) -> None:
    words = events.split()
    made = [{key: value} for key, value in zip(words[::2], words[1::2], strict=True)]
    assert found(tmp_path, osv(ecosystem, name, *made)) == ([("TEST-1", *expected)] if expected else [])


def test_withdrawn_advisories_do_not_count(tmp_path: Path) -> None:
    assert (
        found(tmp_path, osv("npm", "left-pad", {"introduced": "0"}, withdrawn="2024-01-01T00:00:00Z")) == []
    )


def test_an_archive_of_osv_is_read_member_by_member(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("A.json", json.dumps(osv("npm", "left-pad", {"introduced": "0"})))
        archive.writestr("B.json", json.dumps(osv("npm", "other", {"introduced": "0"})))
    assert [each.id for each in assess(INVENTORY, tmp_path / "all.zip")] == ["TEST-1"]
    assert [each.id for each in assess(INVENTORY, tmp_path)] == ["TEST-1"]


def test_debian_s_tracker_counts_for_its_release(tmp_path: Path) -> None:
    def release(**fields: str) -> dict[str, object]:
        return {"releases": {"bookworm": fields}}

    tracker = {
        "openssl": {
            "CVE-1": release(status="open", urgency="low"),
            "CVE-2": release(status="resolved", fixed_version="3.0.12-1", urgency="high"),
            "CVE-3": release(status="resolved", fixed_version="3.0.9-1"),
            "CVE-4": release(status="resolved", fixed_version="0"),
            "CVE-5": {"releases": {"trixie": {"status": "open"}}},
        },
        "other": {"CVE-6": release(status="open")},
    }
    assert found(tmp_path, tracker) == [("CVE-1", "libssl3", ""), ("CVE-2", "libssl3", "3.0.12-1")]


@pytest.mark.parametrize(
    "content", [b"SQLite format 3\0rest", b"{", b"[1]", b"PK\x03\x04broken", b'{"a": 1}']
)
def test_what_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "database"
    path.write_bytes(content)
    with pytest.raises((UsageError, InvalidInputError)):
        assess(INVENTORY, path)
