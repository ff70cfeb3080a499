"""Reading Debian's package database."""

import pytest

from builders import Item
from jettison.packages.dpkg import dependency_names, parse_stanzas
from jettison.packages.inventory import inventory

STATUS = b"""\
Package: tool
Status: install ok installed
Architecture: amd64
Source: tools (1.0-1)
Version: 1.0-1+b1
Depends: libc6 (>= 2.36), libssl3 | libssl1.1, python3:any
Pre-Depends: init-system-helpers (>= 1.54~)
Provides: virtual-tool (= 1)
Conffiles:
 /etc/tool.conf 0123456789abcdef0123456789abcdef
 /etc/old.conf 0123456789abcdef0123456789abcdef obsolete

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 2
"""


def base(**more: bytes) -> list[Item]:
    """An image with merged /usr and the package `tool`."""
    return [
        Item("bin", link="usr/bin"),
        Item("usr/bin/tool", b"x" * 10, mode=0o755),
        Item("usr/bin/link", link="tool"),
        Item("etc/tool.conf", b"a=1"),
        Item("var/lib/tool", None),
        Item("etc/os-release", b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n'),
        Item("var/lib/dpkg/status", STATUS),
        Item(
            "var/lib/dpkg/info/tool.list",
            b"/.\n/bin\n/bin/tool\n/usr/bin/link\n/etc\n/etc/tool.conf\n/var/lib/tool\n/usr/share/doc/gone\n",
        ),
        *(Item(path, content) for path, content in more.items()),
    ]


def test_an_installed_package_has_all_its_fields(tree):
    """Name, version, source, what it needs and provides, package URL."""
    (package,) = inventory(tree(base())).packages
    assert (package.name, package.version, package.arch) == ("tool", "1.0-1+b1", "amd64")
    assert (package.source, package.source_version) == ("tools", "1.0-1")
    assert package.depends == ("init-system-helpers", "libc6", "libssl3", "libssl1.1", "python3")
    assert package.provides == ("virtual-tool",)
    assert package.purl == (
        "pkg:deb/debian/tool@1.0-1%2Bb1?arch=amd64&distro=debian-12&upstream=tools%401.0-1"
    )


def test_owned_paths_go_through_merged_folders_and_name_only_what_exists(tree):
    """`/bin/tool` is `usr/bin/tool`; folders count when they are empty; what is gone is left out."""
    (package,) = inventory(tree(base())).packages
    assert package.files == (b"etc/tool.conf", b"usr/bin/link", b"usr/bin/tool", b"var/lib/tool")


def test_a_package_of_which_only_configuration_is_left_is_not_installed(tree):
    """dpkg's state config-files."""
    assert inventory(tree(base())).by_name("deb", "gone") is None


def test_a_virtual_name_leads_to_the_package_that_provides_it(tree):
    """by_name looks at Provides too."""
    package = inventory(tree(base())).by_name("deb", "virtual-tool")
    assert package is not None
    assert package.name == "tool"


def test_a_diverted_file_belongs_to_its_package_where_it_was_moved_to(tree):
    """dpkg-divert moves the file of all packages but the one that asked for it."""
    diversions = b"/usr/bin/tool\n/usr/bin/tool.real\nother\n"
    found = inventory(
        tree(
            [
                *base(),
                Item("var/lib/dpkg/diversions", diversions),
                Item("usr/bin/tool.real", b"y", mode=0o755),
                Item("var/lib/dpkg/info/tool.list", b"/usr/bin/tool\n"),
            ]
        )
    )
    (package,) = found.packages
    assert b"usr/bin/tool.real" in package.files
    assert found.owner(b"usr/bin/tool") is None


def test_single_files_of_images_without_dpkg_are_read(tree):
    """`status.d` has a file a package, and its md5sums name what it owns."""
    found = inventory(
        tree(
            {
                "var/lib/dpkg/status.d/libc6": b"Package: libc6\nVersion: 2.36\nArchitecture: amd64\n",
                "var/lib/dpkg/status.d/libc6.md5sums": b"0" * 32 + b"  usr/lib/libc.so.6\n",
                "usr/lib/libc.so.6": b"lib",
            }
        )
    )
    (package,) = found.packages
    assert package.location == b"var/lib/dpkg/status.d/libc6"
    assert found.owner(b"usr/lib/libc.so.6") == package


def test_both_architectures_of_a_package_own_their_files(tree):
    """Multi-Arch: same has lists with the architecture in their name."""
    status = b"".join(
        b"Package: lib\nStatus: install ok installed\nVersion: 1\nArchitecture: %s\n\n" % arch
        for arch in (b"amd64", b"i386")
    )
    found = inventory(
        tree(
            {
                "var/lib/dpkg/status": status,
                "var/lib/dpkg/info/lib:amd64.list": b"/usr/lib/x86/lib\n",
                "var/lib/dpkg/info/lib:i386.list": b"/usr/lib/i386/lib\n",
                "usr/lib/x86/lib": b"1",
                "usr/lib/i386/lib": b"2",
            }
        )
    )
    assert {p.arch: p.files for p in found.packages} == {
        "amd64": (b"usr/lib/x86/lib",),
        "i386": (b"usr/lib/i386/lib",),
    }


@pytest.mark.parametrize(
    "junk", [b"", b"\n\n\n", b"Package\n", b"\xff\xfe: x\n", b"Package:\n\n:\n", b"\0" * 100]
)
def test_junk_holds_no_package(junk):
    """Neither an error nor an invented package comes of it."""
    assert list(parse_stanzas(junk)) == []


def test_dependencies_lose_versions_architectures_and_profiles():
    """Only names stay, each once."""
    assert dependency_names("a (>= 1) [amd64] <!nocheck>, b:any | a, ${misc}", "") == ("a", "b", "${misc}")
