"""Package databases that agree with the files that were kept."""

import sqlite3

from rpmdb import database, package

from builders import Item
from jettison.layers.entry import Kind
from jettison.packages.contents import State
from jettison.packages.inventory import inventory
from jettison.packages.trim import trim

STATUS = b"".join(
    b"Package: %s\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n%sDescription: x\n\n" % pair
    for pair in (
        (b"whole", b""),
        (b"partly", b"Conffiles:\n /etc/kept.conf 0\n /etc/gone.conf 0\n"),
        (b"removed", b""),
        (b"dpkg", b""),
    )
)


def debian() -> list[Item]:
    """Four packages, with merged /usr."""
    files = {
        "usr/bin/whole": b"w",
        "usr/share/doc/whole/copyright": b"c",
        "usr/bin/partly": b"p",
        "usr/lib/partly.so": b"so",
        "etc/kept.conf": b"k",
        "etc/gone.conf": b"g",
        "usr/bin/removed": b"r",
        "usr/bin/dpkg": b"d",
        "etc/debian_version": b"12.5\n",
        "usr/lib/os-release": b"ID=debian\nVERSION_ID=12\n",
        "var/lib/dpkg/status": STATUS,
        "var/lib/dpkg/status-old": STATUS,
        "var/lib/dpkg/info/whole.list": b"/.\n/bin\n/bin/whole\n/usr/share/doc/whole/copyright\n",
        "var/lib/dpkg/info/whole.md5sums": b"1" * 32 + b"  bin/whole\n",
        "var/lib/dpkg/info/partly.list": b"/usr/bin/partly\n/usr/lib/partly.so\n/etc/kept.conf\n"
        b"/etc/gone.conf\n",
        "var/lib/dpkg/info/removed.list": b"/usr/bin/removed\n",
        "var/lib/dpkg/info/dpkg.list": b"/usr/bin/dpkg\n",
    }
    links = [Item("bin", link="usr/bin"), Item("etc/os-release", link="../usr/lib/os-release")]
    return links + [Item(path, content) for path, content in files.items()]


KEPT = frozenset({b"usr/bin/whole", b"usr/bin/partly", b"etc/kept.conf", b"var/lib/dpkg/status-old"})


def test_each_package_is_whole_in_part_or_removed(tree):
    """Missing documentation does not make a package partial."""
    image = tree(debian())
    states = {
        e.package.name: (e.state, e.kept, e.total)
        for e in trim(image, inventory(image), KEPT).contents.packages
    }
    assert states == {
        "whole": (State.WHOLE, 1, 1),
        "partly": (State.PART, 2, 4),
        "removed": (State.REMOVED, 0, 1),
        "dpkg": (State.REMOVED, 0, 1),
    }


def test_remaining_packages_get_a_file_each_and_the_sums_of_what_remains(tree):
    """The distroless form; sums are computed where the package had none."""
    image = tree(debian())
    extra = {entry.path: content for entry, content in trim(image, inventory(image), KEPT).extra}
    folder = b"var/lib/dpkg/status.d"
    assert sorted(extra) == [
        folder,
        *(folder + b"/" + name for name in (b"partly", b"partly.md5sums", b"whole", b"whole.md5sums")),
    ]
    assert extra[folder + b"/whole.md5sums"] == b"1" * 32 + b"  usr/bin/whole\n"
    assert b"83878c91171338902e0fe0fb97a8c47a  usr/bin/partly\n" in extra[folder + b"/partly.md5sums"]
    assert b"partly.so" not in extra[folder + b"/partly.md5sums"]
    assert b"Conffiles:\n /etc/kept.conf 0\nDescription: x\n" in extra[folder + b"/partly"]


def test_stale_files_go_and_what_names_the_distribution_comes(tree):
    """Links to it too."""
    image = tree(debian())
    paths = trim(image, inventory(image), KEPT).paths
    assert b"var/lib/dpkg/status-old" not in paths
    assert {b"etc/os-release", b"usr/lib/os-release", b"etc/debian_version"} <= paths


def test_the_database_stays_in_place_where_dpkg_stays(tree):
    """Its records, lists and sums are limited to what remains."""
    image = tree(debian())
    result = trim(image, inventory(image), KEPT | {b"usr/bin/dpkg"})
    extra = {entry.path: content for entry, content in result.extra}
    assert b"Package: dpkg" in extra[b"var/lib/dpkg/status"]
    assert b"Package: removed" not in extra[b"var/lib/dpkg/status"]
    assert extra[b"var/lib/dpkg/info/partly.list"] == b"/usr/bin/partly\n/etc/kept.conf\n"
    assert extra[b"var/lib/dpkg/info/whole.list"] == b"/.\n/bin/whole\n"
    assert b"var/lib/dpkg/info/removed.list" not in result.paths
    assert not any(path.startswith(b"var/lib/dpkg/status.d") for path in extra)


def test_an_image_trimmed_once_can_be_trimmed_again(tree):
    """What was written is read, and is limited further."""
    image = tree(debian())
    first = trim(image, inventory(image), KEPT)
    files = [Item(p, image.read(n)) for p in first.paths if (n := image.get(p)) and n.kind is Kind.FILE]
    extra = [Item(entry.path, None if entry.kind is Kind.DIR else content) for entry, content in first.extra]
    second_image = tree([*files, *extra])
    found = inventory(second_image)
    assert [p.name for p in found.packages] == ["partly", "whole"]
    kept = frozenset({b"usr/bin/whole", b"var/lib/dpkg/status.d/partly"})
    second = trim(second_image, found, kept)
    assert {entry.path for entry, _ in second.extra} == {
        b"var/lib/dpkg/status.d/whole",
        b"var/lib/dpkg/status.d/whole.md5sums",
    }
    assert not any(path.startswith(b"var/lib/dpkg") for path in second.paths)


def test_a_package_whose_name_could_lead_elsewhere_is_a_problem(tree):
    """No path is made of it."""
    status = b"Package: ../../../etc/cron.d/x\nVersion: 1\nArchitecture: all\n"
    image = tree({"var/lib/dpkg/status": status, "var/lib/dpkg/info/x.list": b""})
    found = inventory(image)
    result = trim(image, found, frozenset())
    assert result.extra == ()


def test_the_metadata_of_a_remaining_language_package_stays(tree):
    """Even where no rule kept it."""
    site = "usr/lib/python3/site-packages"
    image = tree(
        {
            f"{site}/x-1.dist-info/METADATA": b"Name: x\nVersion: 1\n",
            f"{site}/x-1.dist-info/RECORD": b"x.py,,\n",
            f"{site}/x.py": b"",
        }
    )
    found = inventory(image)
    assert f"{site}/x-1.dist-info/METADATA".encode() in trim(image, found, {f"{site}/x.py".encode()}).paths
    assert trim(image, found, frozenset()).paths == frozenset()


def test_alpine_s_database_has_the_records_and_files_that_remain(tree):
    """Their header lines stay as they were."""
    head = b"C:Q1=\nP:a\nV:1\nF:usr/bin\nM:0:0:755\nR:a\na:0:0:755\nZ:Q1x=\n"
    installed = head + b"R:b\nF:etc\nR:c\n\nP:z\nV:1\nF:usr/bin\nR:z\n\n"
    image = tree(
        {"lib/apk/db/installed": installed, "lib/apk/db/scripts.tar": b"", "usr/bin/a": b"", "usr/bin/b": b""}
        | {"etc/c": b"", "usr/bin/z": b""}
    )
    result = trim(image, inventory(image), {b"usr/bin/a", b"lib/apk/db/scripts.tar"})
    ((entry, content),) = result.extra
    assert entry.path == b"lib/apk/db/installed"
    assert content == head + b"\n"
    assert result.paths == {b"usr/bin/a"}


def test_the_rpm_database_loses_the_rows_of_removed_packages(tree, tmp_path):
    """In every table, and with the same bytes each time."""
    path = "var/lib/rpm/rpmdb.sqlite"
    blobs = [package("a", "1", {"/usr/bin/": ["a"]}), package("b", "1", {"/usr/bin/": ["b"]})]
    image = tree({path: database(tmp_path / "db", blobs), "usr/bin/a": b"", "usr/bin/b": b""})
    found = inventory(image)
    results = [trim(image, found, {b"usr/bin/b", path.encode()}) for _ in range(2)]
    ((entry, content),) = results[0].extra
    assert (entry.path, results[1].extra[0][1]) == (path.encode(), content)
    (tmp_path / "out").write_bytes(content)
    connection = sqlite3.connect(tmp_path / "out")
    assert connection.execute("SELECT hnum FROM Packages").fetchall() == [(2,)]
    assert connection.execute("SELECT hnum FROM Name").fetchall() == [(2,)]
    connection.close()
