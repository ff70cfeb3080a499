"""Reading jars and the package records in binaries."""

import io
import struct
import zipfile
import zlib

from builders import Item
from jettison.packages.inventory import inventory
from jettison.packages.jar import parse_manifest


def jar(files: dict[str, bytes]) -> bytes:
    """A jar with these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def elf(sections: dict[bytes, bytes], *, order: str = "<", wide: bool = True) -> bytes:
    """An ELF file that has nothing but sections."""
    names = b"\0" + b"".join(name + b"\0" for name in (*sections, b".shstrtab"))
    chunks = [*sections.values(), names]
    head = 64 if wide else 52
    entry = struct.Struct(order + ("IIQQQQIIQQ" if wide else "IIIIIIIIII"))
    position, table, at = head, entry.pack(*[0] * 10), 1
    for name, chunk in zip((*sections, b".shstrtab"), chunks, strict=True):
        table += entry.pack(at, 1, 0, 0x1000 + position, position, len(chunk), 0, 0, 1, 0)
        position, at = position + len(chunk), at + len(name) + 1
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + b"\0" * 9
    header = struct.pack(
        order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"),
        *(2, 62, 1, 0, 0, position, 0, head, 0, 0, entry.size, len(chunks) + 1, len(chunks)),
    )
    return ident + header + b"".join(chunks) + table


def varint(text: bytes) -> bytes:
    """A string after its length, as Go ≥ 1.18 writes it."""
    length, out = len(text), b""
    while length > 0x7F:
        out += bytes([length & 0x7F | 0x80])
        length >>= 7
    return out + bytes([length]) + text


MODULES = (
    b"path\tcommand\nmod\texample.com/app\tv1.2.3\th1:x=\ndep\tgolang.org/x/net\tv0.1.0\th1:y=\n"
    b"dep\told.example/lib\tv1.0.0\n=>\tnew.example/lib\tv1.1.0\th1:z=\nbuild\t-compiler=gc\n"
)


def test_a_shaded_jar_holds_every_artefact_it_has_properties_of(tree):
    """The groups come from pom.properties."""
    content = jar(
        {
            "META-INF/maven/org.x/a/pom.properties": b"#c\ngroupId=org.x\nartifactId=a\nversion=1.0\r\n",
            "META-INF/maven/org.y/b/pom.properties": b"groupId=org.y\nartifactId=b\nversion=2.0\n",
        }
    )
    found = inventory(tree({"app/all.jar": content}))
    assert [(p.name, p.version) for p in found.packages] == [("org.x:a", "1.0"), ("org.y:b", "2.0")]
    assert found.packages[0].purl == "pkg:maven/org.x/a@1.0"
    assert found.owner(b"app/all.jar") == found.packages[0]


def test_jars_within_archives_are_found(tree):
    """Spring Boot's layout, and a war in an ear."""
    inner = jar(
        {"META-INF/MANIFEST.MF": b"Implementation-Version: 5.1\nBundle-SymbolicName: org.z.lib;x=1\n"}
    )
    outer = jar({"BOOT-INF/lib/lib-5.1.jar": inner, "META-INF/MANIFEST.MF": b"Start-Class: X\n"})
    found = inventory(tree({"app.ear": jar({"web.war": outer})}))
    assert ("org.z:lib", "5.1") in [(p.name, p.version) for p in found.packages]


def test_an_archive_in_an_archive_without_end_is_left(tree):
    """Depth is bounded."""
    content = jar({"x.txt": b""})
    for _ in range(10):
        content = jar({"nested.jar": content})
    assert len(inventory(tree({"a.jar": content})).packages) == 4


def test_a_broken_jar_is_a_problem(tree):
    """And the good one beside it is read."""
    found = inventory(tree({"bad.jar": b"PK\x05\x06" + b"\xff" * 100, "good-1.2.jar": jar({"a": b""})}))
    assert [(p.name, p.version) for p in found.packages] == [("good", "1.2")]
    assert len(found.problems) == 1


def test_manifest_lines_are_joined():
    """A line that begins with a space goes on with the one before; only the main section counts."""
    assert parse_manifest(b"A: one\r\n  two\r\nB: 3\r\n\r\nName: x\r\nA: no\r\n") == {
        "A": "one two",
        "B": "3",
    }


def test_go_modules_are_read_from_the_build_information(tree):
    """Replaced modules stand in for the ones they replace; the compiler is the version of the library."""
    marks = b"\x30" * 16
    info = (
        b"\xff Go buildinf:"
        + bytes([8, 2])
        + b"\0" * 16
        + varint(b"go1.21.3 X:y")
        + varint(marks + MODULES + marks)
    )
    program = elf({b".text": b"\0" * 20_000, b".go.buildinfo": info})
    found = inventory(tree([Item("usr/bin/app", program, mode=0o755)]))
    assert {(p.name, p.version) for p in found.packages} == {
        ("stdlib", "go1.21.3"),
        ("example.com/app", "v1.2.3"),
        ("golang.org/x/net", "v0.1.0"),
        ("new.example/lib", "v1.1.0"),
    }


def test_the_older_build_information_is_read_through_its_pointers(tree):
    """Before Go 1.18 it holds addresses of string headers; here big-endian and 32 bits wide."""
    order = ">"
    data_at = 0x1000 + 52
    texts = b"go1.16" + b"\x30" * 16 + MODULES + b"\x30" * 16
    first = struct.pack(">II", data_at + 16, 6)
    second = struct.pack(">II", data_at + 22, len(texts) - 6)
    data = (first + second + texts).ljust(20_000, b"\0")
    info = b"\xff Go buildinf:" + bytes([4, 1]) + struct.pack(">II", data_at, data_at + 8) + b"\0" * 16
    program = elf({b".data": data, b".go.buildinfo": info}, order=order, wide=False)
    found = inventory(tree([Item("usr/bin/app", program, mode=0o755)]))
    assert ("golang.org/x/net", "v0.1.0") in {(p.name, p.version) for p in found.packages}


def test_crates_are_read_from_the_audit_data(tree):
    """Build dependencies are not in the program."""
    audit = (
        b'{"packages": [{"name": "serde", "version": "1.0.1"},'
        b' {"name": "cc", "version": "1", "kind": "build"}]}'
    )
    program = elf({b".text": b"\0" * 20_000, b".dep-v0": zlib.compress(audit)})
    found = inventory(tree([Item("usr/lib/libx.so.1.2", program)]))
    assert [(p.purl) for p in found.packages] == ["pkg:cargo/serde@1.0.1"]


def test_broken_binaries_hold_no_package(tree):
    """Sizes in them are not believed."""
    whole = elf({b".text": b"\0" * 20_000, b".dep-v0": b"not zlib", b".go.buildinfo": b"\xff Go buildinf:"})
    items = [
        Item(f"bin/{cut}", whole[:cut] + b"\xff" * 20_000, mode=0o755) for cut in (4, 40, 64, 300, 20_100)
    ]
    found = inventory(tree([*items, Item("bin/whole", whole, mode=0o755)]))
    assert found.packages == ()
