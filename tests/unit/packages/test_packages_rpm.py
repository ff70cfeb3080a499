"""Reading rpm's SQLite database."""

import sqlite3
import struct

import pytest
from rpmdb import database, header, package

from jettison.errors import InvalidInputError
from jettison.packages.inventory import inventory
from jettison.packages.rpm import parse_header

PATH = "usr/lib/sysimage/rpm/rpmdb.sqlite"


def test_packages_have_their_fields_and_files(tree, tmp_path):
    """Epoch in the version, source package, needs without rpm's own features, files that exist."""
    blobs = [
        package("bash", "5.2", {"/usr/bin/": ["bash", "sh"], "/etc/": ["gone"]}, epoch="2"),
        package("bash-libs", "5.2", {"/usr/lib/": ["libx"]}, source="bash-5.2-1.fc40.src.rpm"),
        package("gpg-pubkey", "1", {}),
    ]
    found = inventory(
        tree(
            {
                PATH: database(tmp_path / "db", blobs),
                "usr/bin/bash": b"1",
                "usr/bin/sh": b"2",
                "etc/os-release": b"ID=fedora\nVERSION_ID=40\n",
            }
        )
    )
    bash, libs = found.packages
    assert (bash.version, bash.source, bash.license) == ("2:5.2-1.fc40", "", "MIT")
    assert bash.files == (b"usr/bin/bash", b"usr/bin/sh")
    assert bash.depends == ("libc.so.6()(64bit)",)
    assert (libs.source, libs.source_version) == ("bash", "5.2-1.fc40")
    assert "distro=fedora-40" in bash.purl


def test_the_older_databases_are_named_as_not_read(tree):
    """Nothing is invented for Berkeley DB."""
    found = inventory(tree({"var/lib/rpm/Packages": b"\0" * 64}))
    assert found.packages == ()
    assert "not read" in found.problems[0].text


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"\0" * 7,
        struct.pack(">II", 0xFFFFFFFF, 0xFFFFFFFF),
        struct.pack(">II", 1, 0) + struct.pack(">IIII", 1000, 6, 0xFFFFFF, 1),
        struct.pack(">II", 1, 0) + struct.pack(">IIII", 1003, 4, 0, 0xFFFFFFF0),
        struct.pack(">II", 2, 100) + b"\0" * 40,
    ],
)
def test_a_header_that_points_outside_of_itself_is_refused(blob):
    """No size in it is believed."""
    with pytest.raises(InvalidInputError):
        parse_header(blob)


def test_one_bad_header_does_not_hide_the_others(tree, tmp_path):
    """It becomes a problem."""
    bad = header({1000: "bad", 1116: [9], 1117: ["x"], 1118: ["/"]})
    found = inventory(tree({PATH: database(tmp_path / "db", [bad, package("good", "1", {})])}))
    assert [p.name for p in found.packages] == ["good"]
    assert len(found.problems) == 1


def test_a_view_that_poses_as_the_table_is_not_read(tree, tmp_path):
    """A view could compute for ever."""
    connection = sqlite3.connect(tmp_path / "db")
    connection.execute("CREATE VIEW Packages AS SELECT 1 AS hnum, x'00' AS blob")
    connection.commit()
    connection.close()
    found = inventory(tree({PATH: (tmp_path / "db").read_bytes()}))
    assert found.packages == ()
    assert found.problems


def test_a_file_that_is_no_database_is_a_problem(tree):
    """Not an error."""
    found = inventory(tree({PATH: b"SQLite format 3\0" + b"\xff" * 5000}))
    assert (found.packages, len(found.problems)) == ((), 1)
