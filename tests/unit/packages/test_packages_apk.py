"""Reading Alpine's package database."""

from jettison.packages.inventory import inventory

INSTALLED = b"""\
C:Q1abc=
P:musl
V:1.2.4-r2
A:x86_64
L:MIT
o:musl
p:so:libc.musl-x86_64.so.1=1
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755
Z:Q1def=

P:tool-libs
V:3-r0
A:x86_64
L:GPL-2.0-only
o:tool
D:so:libc.musl-x86_64.so.1 musl>=1.2 !other
F:usr
F:usr/bin
M:0:0:755
R:tool
R:missing
"""


def test_packages_have_their_fields_and_files(tree):
    """Origins that differ from the name, needs without versions and conflicts, files that exist."""
    found = inventory(
        tree(
            {
                "lib/apk/db/installed": INSTALLED,
                "lib/ld-musl-x86_64.so.1": b"elf",
                "usr/bin/tool": b"x",
                "etc/os-release": b"ID=alpine\nVERSION_ID=3.18.4\n",
            }
        )
    )
    musl, tool = found.packages
    assert (musl.version, musl.license, musl.source) == ("1.2.4-r2", "MIT", "")
    assert musl.provides == ("so:libc.musl-x86_64.so.1",)
    assert musl.files == (b"lib/ld-musl-x86_64.so.1",)
    assert (tool.source, tool.depends) == ("tool", ("so:libc.musl-x86_64.so.1", "musl"))
    assert tool.files == (b"usr/bin/tool",)
    assert tool.purl == "pkg:apk/alpine/tool-libs@3-r0?arch=x86_64&distro=alpine-3.18.4&upstream=tool"


def test_junk_holds_no_package(tree):
    """A file that is no database gives none, and no error."""
    assert inventory(tree({"lib/apk/db/installed": b"R:x\n\nP:\nZ:\n\n\0\xff"})).packages == ()
