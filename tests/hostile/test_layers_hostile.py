"""Archives that were made to hurt: each is refused or confined, and nothing outside is touched."""

import gzip
import hashlib
import io
import json
import os
import tarfile
import time
from pathlib import Path

import pytest

from builders import Item, archive, image_of, layer_tar, tree_of
from jettison.errors import InvalidInputError, LimitError, RefusedError
from jettison.layers import tar as tar_module
from jettison.layers.entry import Kind
from jettison.layers.tree import FileTree
from jettison.layers.unpack import unpack_image
from jettison.stores.open import open_image
from tars import END, block, entries, file, long_name, pax, record

LONG = b"n" * 4000


def seen(tmp_path: Path, data: bytes) -> list:
    return entries(tmp_path / "t", data)


SIZES = {
    "negative, in base 256": block(size=(-512).to_bytes(12, "big", signed=True)),
    "negative, in octal": block(size=b"-0000001000\0"),
    "not a number": block(size=b"12345678901\0"),
    "octal with an underscore": block(size=b"0000000_100\0"),
    "hexadecimal": block(size=b"0x000000001\0"),
    "2^62": block(size=b"\x80" + (2**62).to_bytes(11, "big")),
    "2^87": block(size=b"\x80" + b"\x7f" * 11),
    "negative, in a PAX record": pax({"size": b"-1"}) + file(b"a"),
    "a fraction": pax({"size": b"1.5"}) + file(b"a"),
    "twenty-one digits": pax({"size": b"9" * 21}) + file(b"a"),
    "over a layer": pax({"size": str(2**50).encode()}) + file(b"a"),
    "more than there is": block(size=10_000) + b"short",
    "more than there is, in a PAX record": pax({"size": b"10000"}) + file(b"a", b"short"),
}


@pytest.mark.parametrize("case", SIZES)
def test_sizes_that_lie_are_refused(tmp_path, case):
    with pytest.raises(RefusedError):
        seen(tmp_path, SIZES[case])


HEADERS = {
    "cut off": file(b"a") + block(b"b")[:300],
    "cut off in the padding": file(b"a", b"x")[:-1],
    "a wrong checksum": block(checksum=b"000001\0 "),
    "a checksum that is no number": block(checksum=b"zzzzzz\0 "),
    "text": b"this is not a tar archive at all " * 40,
    "a lone block of zeros": file(b"a") + bytes(512) + file(b"b"),
    "an unknown type": block(type_=b"Q"),
    "a GNU sparse file": block(type_=b"S"),
    "a PAX sparse file": pax({"GNU.sparse.major": b"1"}) + file(b"a"),
    "a mode that is no number": block(mode=b"rwxrwxr\0"),
    "an owner over 2^32": block(uid=b"\x80" + (2**33).to_bytes(7, "big")),
    "a negative owner": block(uid=(-1).to_bytes(8, "big", signed=True)),
    "the owner 2^32 - 1, which means no change": pax({"uid": b"4294967295"}) + file(b"a"),
    "an owner with a sign": pax({"gid": b"+1"}) + file(b"a"),
    "a time in the year 10^12": pax({"mtime": b"9" * 12}) + file(b"a"),
    "a time that is none": pax({"mtime": b"1e9"}) + file(b"a"),
    "a link without a target": block(type_=b"2"),
    "a target with NUL": pax({"linkpath": b"a\0b"}) + block(type_=b"2"),
    "a target of 5000 bytes": pax({"linkpath": b"t" * 5000}) + block(type_=b"2"),
    "a device number out of range": block(type_=b"4", device=(b"\x80" + b"\x7f" * 7, b"0000000\0")),
    "nothing after a PAX header": pax({"path": b"a"}) + END,
    "nothing after a long name": long_name(b"a"),
}


@pytest.mark.parametrize("case", HEADERS)
def test_headers_that_are_wrong_are_refused(tmp_path, case):
    with pytest.raises(RefusedError, match="the test: "):
        seen(tmp_path, HEADERS[case])


RECORDS = {
    "no length": b"path=a\n",
    "a length of zero": b"0 path=a\n",
    "a length of its own digits": b"2 \n",
    "a length beyond the end": b"99 path=a\n",
    "a length that ends too early": b"8 path=abc\n",
    "no line break": b"9 path=abc",
    "no equals sign": b"8 patha\n",
    "no key": b"6 =ab\n",
    "a negative length": b"-9 path=a\n",
    "a huge length": b"9" * 30 + b" path=a\n",
    "a length of non-ASCII digits": "٩ path=a\n".encode(),
    "junk after a record": record("path", b"a") + b"junk",
    "base64 that is none": record("LIBARCHIVE.xattr.user.a", b"!!"),
    "an attribute without a name": record("SCHILY.xattr.", b"a"),
    "an attribute whose name holds NUL": record("SCHILY.xattr.a\0b", b"a"),
}


@pytest.mark.parametrize("case", RECORDS)
def test_pax_records_that_are_wrong_are_refused(tmp_path, case):
    with pytest.raises(InvalidInputError):
        seen(tmp_path, pax(RECORDS[case]) + file(b"a"))


BOMBS = {
    "a PAX path of 2 MiB": pax({"path": b"p" * (2 << 20)}),
    "100,000 PAX records": pax(record("comment", b"x" * 20) * 100_000),
    "a global header of 2 MiB": pax(b"x" * (2 << 20), b"g"),
    "a long name said to be 900 MiB": block(b"././@LongLink", type_=b"L", size=900 << 20),
    "a PAX header said to be negative": block(b"pax", type_=b"x", size=(-1).to_bytes(12, "big", signed=True)),
    "an attribute of 100 KiB": pax({"SCHILY.xattr.user.a": b"x" * 100_000}) + file(b"a"),
    "an attribute with a name of 300 bytes": pax({"SCHILY.xattr.user." + "a" * 300: b""}) + file(b"a"),
    "a path of 5000 bytes": pax({"path": b"/".join([b"d" * 99] * 50)}) + file(b"a"),
    "a component of 300 bytes": long_name(b"a/" + b"n" * 300) + file(b"a"),
}


@pytest.mark.parametrize("case", BOMBS)
def test_what_is_over_a_limit_is_refused_at_once(tmp_path, case):
    started = time.monotonic()
    with pytest.raises(LimitError):
        seen(tmp_path, BOMBS[case])
    assert time.monotonic() - started < 2


def test_more_entries_than_the_limit_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tar_module, "MAX_ENTRIES", 3)
    with pytest.raises(LimitError, match="entries"):
        seen(tmp_path, file(b"a") * 4)


WHITEOUTS = [b".wh.", b".wh..", b".wh...", b"etc/.wh.", b"etc/.wh..", b"etc/.wh...", b"d/.wh.x/file"]


@pytest.mark.parametrize("name", WHITEOUTS)
def test_whiteouts_that_name_nothing_are_refused(tmp_path, name):
    with pytest.raises(InvalidInputError, match="whiteout"):
        seen(tmp_path, file(name))


@pytest.mark.parametrize("type_", [b"0", b"2", b"1", b"3", b"6"])
@pytest.mark.parametrize("name", [b".", b"/", b"./", b"a/..", b"../.."])
def test_the_root_cannot_be_replaced(tmp_path, name, type_):
    with pytest.raises(InvalidInputError, match="root"):
        seen(tmp_path, block(name, type_=type_, link=b"/etc", device=(b"0000001\0", b"0000003\0")))


def test_a_name_with_nul_is_refused_where_it_could_be_cut_differently(tmp_path):
    with pytest.raises(InvalidInputError, match="NUL"):
        seen(tmp_path, pax({"path": b"safe\0/../evil"}) + file(b"a"))


def test_names_that_confuse_terminals_are_kept_and_shown_safely(tmp_path):
    name = b"a\n\x1b[2J\xe2\x80\xae"
    assert seen(tmp_path, file(name))[0].path == name
    with pytest.raises(InvalidInputError) as caught:
        seen(tmp_path, block(name, size=b"zzzzzzzzzzz\0"))
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)


CANARY = "canary"
BREAKOUTS = {
    "dots": [Item("../canary", b"evil"), Item("a/../../canary", b"evil")],
    "absolute": [Item("/canary", b"evil"), Item("//canary2", b"evil")],
    "through a link out": [Item("l", link="../.."), Item("l/canary", b"evil")],
    "through an absolute link": [Item("l", link="{root}"), Item("l/canary", b"evil")],
    "through a chain of links": [
        Item("a", link="b"),
        Item("b", link="c"),
        Item("c", link="{root}"),
        Item("a/canary", b"evil"),
    ],
    "over a link to a file": [Item("l", link="{root}/canary"), Item("l", b"evil")],
    "a folder over a link": [
        Item("l", link="{root}"),
        Item("l", None, mode=0o777),
        Item("l/canary", b"evil"),
    ],
    "whiteout through a link": [Item("l", link="{root}"), Item("l/.wh.canary", b"")],
    "opaque through a link": [Item("l", link="{root}"), Item("l/.wh..wh..opq", b"")],
    "hard link through a link": [Item("l", link="{root}"), Item("x", b"1"), Item("l/canary", hard="x")],
    "mode of a link": [Item("l", link="{root}/canary", mode=0o4777, uid=1234, mtime=1)],
    "a long chain past PATH_MAX": [
        *(Item("/".join(["d" * 247] * n) + f"/{chr(96 + n)}", link="d" * 247) for n in range(1, 15)),
        Item("esc", link="/".join(["d" * 247] * 14) + "/../../../.."),
        Item("esc/canary", b"evil"),
    ],
    "a link changed after a check": [
        Item("d", None),
        Item("d/f", b"1"),
        Item("d", link="{root}"),
        Item("d/canary", b"evil"),
    ],
}


@pytest.mark.parametrize("case", BREAKOUTS)
@pytest.mark.parametrize("layers", ["one layer", "a layer each"])
def test_nothing_outside_of_the_root_is_touched(tmp_path, case, layers):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / CANARY).write_text("alive")
    os.utime(outside / CANARY, ns=(5, 5))
    os.utime(outside, ns=(7, 7))
    before = [
        (path.lstat().st_mode, path.lstat().st_uid, path.lstat().st_mtime_ns)
        for path in (outside, outside / CANARY)
    ]
    items = [
        Item(
            item.path,
            item.content,
            item.mode,
            str(item.link).format(root=outside),
            item.hard,
            item.uid,
            0,
            item.mtime,
        )
        for item in BREAKOUTS[case]
    ]
    work = tmp_path / "in/side/deep"
    work.mkdir(parents=True)
    image = image_of(tmp_path, *([items] if layers == "one layer" else [[item] for item in items]))
    try:
        folders = unpack_image(image, work)
        tree = FileTree.of(image)
    except RefusedError:
        pass
    else:
        assert all(folder.parent == work for folder in folders)
        assert tree.get(b"").kind is Kind.DIR
    after = [
        (path.lstat().st_mode, path.lstat().st_uid, path.lstat().st_mtime_ns)
        for path in (outside, outside / CANARY)
    ]
    assert after == before
    assert os.listdir(outside) == [CANARY]
    assert (outside / CANARY).read_text() == "alive"
    assert not any(
        path.name.startswith("canary") for path in tmp_path.glob("in/**/canary*") if work not in path.parents
    )


@pytest.mark.parametrize("target", ["../../outside", "/etc/passwd", "missing", "l/passwd", "f"])
def test_hard_links_out_of_the_image_are_refused(tmp_path, target):
    items = [Item("l", link="/etc"), Item("f", hard=target)]
    with pytest.raises(InvalidInputError, match="hard link"):
        tree_of(tmp_path, items)


@pytest.mark.parametrize(
    "bomb", [gzip.compress(bytes(200 << 20), 9), gzip.compress(gzip.compress(bytes(200 << 20), 9))]
)
def test_a_compression_bomb_as_a_layer_is_refused_soon(tmp_path, bomb):
    config = {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"diff_ids": ["sha256:" + hashlib.sha256(b"").hexdigest()]},
    }
    manifest = [{"Config": "c", "RepoTags": None, "Layers": ["l"]}]
    files = {"c": json.dumps(config).encode(), "l": bomb, "manifest.json": json.dumps(manifest).encode()}
    (tmp_path / "t").write_bytes(layer_tar(files))
    started = time.monotonic()
    with pytest.raises(RefusedError):
        FileTree.of(open_image(f"docker-archive:{tmp_path}/t"))
    assert time.monotonic() - started < 10


def test_special_files_are_data_and_never_opened(tmp_path):
    reference = archive(
        tmp_path, [[Item("etc/passwd", type=tarfile.FIFOTYPE), Item("null", b"", type=tarfile.CHRTYPE)]]
    )
    tree = FileTree.of(open_image(reference))
    assert tree.get(b"etc/passwd").kind is Kind.FIFO
    with pytest.raises(InvalidInputError, match="regular"):
        tree.read(tree.get(b"etc/passwd"))


def test_a_layer_of_every_byte_of_junk_is_refused_or_empty(tmp_path):
    for byte in range(256):
        try:
            found = seen(tmp_path, bytes([byte]) * 2048)
        except RefusedError:
            continue
        assert found == []


def test_a_deep_tree_costs_no_recursion(tmp_path):
    deep = "/".join(["d"] * 2000)
    tree = tree_of(tmp_path, [Item(deep, b"x"), Item("l", link=deep)])
    assert len(tree) == 2002
    assert tree.resolve(b"l").node.path == deep.encode()
    assert sum(1 for _ in tree.walk()) == 2002
    assert len(tree_of(tmp_path, [Item(deep, b"x")], [Item(".wh.d")])) == 1


def test_a_stream_that_never_ends_is_not_read_to_its_end(tmp_path):
    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return b"\x01" * size

    reader = tar_module.TarReader(tar_module.StreamSource(Endless()), "the test")
    with pytest.raises(RefusedError):
        list(reader)
