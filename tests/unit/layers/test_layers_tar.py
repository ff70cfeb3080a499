"""The tar reader on what writers of every dialect make."""

import io
import tarfile

import pytest

from jettison.layers.entry import Entry, Kind
from jettison.layers.tar import StreamSource, TarReader
from tars import END, block, entries, file, long_name, pax

FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


def written(format_: int, *infos: tarfile.TarInfo) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format_) as tar:
        for info in infos:
            tar.addfile(info, io.BytesIO(bytes(info.size)))
    return out.getvalue()


def info(name: str, **fields: object) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(made, key, value)
    return made


@pytest.mark.parametrize("format_", FORMATS)
def test_every_kind_of_entry_is_read(tmp_path, format_):
    data = written(
        format_,
        info("d/", type=tarfile.DIRTYPE, mode=0o1777, mtime=5),
        info("d/file", size=700, mode=0o4755, uid=12, gid=34, mtime=1_700_000_000),
        info("d/soft", type=tarfile.SYMTYPE, linkname="../x//y/"),
        info("d/hard", type=tarfile.LNKTYPE, linkname="./d/file"),
        info("null", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
        info("disk", type=tarfile.BLKTYPE, devmajor=8, devminor=1),
        info("pipe", type=tarfile.FIFOTYPE),
    )
    folder, regular, soft, hard, null, disk, pipe = entries(tmp_path / "t", data)
    assert folder == Entry(b"d", Kind.DIR, 0o1777, mtime_ns=5 * 10**9)
    assert regular == Entry(b"d/file", Kind.FILE, 0o4755, 12, 34, 700, 1_700_000_000 * 10**9)
    assert (soft.kind, soft.target) == (Kind.SYMLINK, b"../x//y/")
    assert (hard.kind, hard.target) == (Kind.HARDLINK, b"d/file")
    assert (null.kind, null.device, disk.kind, disk.device) == (Kind.CHAR, (1, 3), Kind.BLOCK, (8, 1))
    assert pipe.kind is Kind.FIFO


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("length", [99, 100, 101, 200])
def test_names_of_every_length_are_read(tmp_path, format_, length):
    name = ("f" * 48 + "/") * ((length - 1) // 49) + "n" * ((length - 1) % 49 + 1)
    assert [e.path for e in entries(tmp_path / "t", written(format_, info(name)))] == [name.encode()]


@pytest.mark.parametrize("format_", FORMATS[1:])
def test_long_link_targets_are_read(tmp_path, format_):
    data = written(format_, info("l", type=tarfile.SYMTYPE, linkname="t/" * 150))
    assert entries(tmp_path / "t", data)[0].target == b"t/" * 150


@pytest.mark.parametrize("format_", FORMATS[1:])
def test_numbers_that_octal_cannot_hold_are_read(tmp_path, format_):
    made = info("f", uid=2**31, gid=2**32 - 2, mtime=2**33)
    entry = entries(tmp_path / "t", written(format_, made))[0]
    assert (entry.uid, entry.gid, entry.mtime_ns) == (2**31, 2**32 - 2, 2**33 * 10**9)


def test_a_size_in_base_256_is_read(tmp_path):
    size = b"\x80" + (3).to_bytes(11, "big")
    assert entries(tmp_path / "t", block(size=size) + b"abc".ljust(512, b"\0") + END)[0].size == 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [(b"1.5", 1_500_000_000), (b"-1.5", -1_500_000_000), (b"7", 7 * 10**9), (b"0.1234567899", 123_456_789)],
)
def test_times_have_fractions(tmp_path, value, expected):
    assert entries(tmp_path / "t", pax({"mtime": value}) + file(b"f"))[0].mtime_ns == expected


def test_a_time_before_1970_is_read_from_base_256(tmp_path):
    entry = entries(tmp_path / "t", block(mtime=(-5).to_bytes(12, "big", signed=True)))[0]
    assert entry.mtime_ns == -5 * 10**9


def test_names_are_bytes(tmp_path):
    data = file(b"caf\xe9\n\x1b") + pax({"path": b"\xff" * 120}) + file(b"x")
    assert [e.path for e in entries(tmp_path / "t", data)] == [b"caf\xe9\n\x1b", b"\xff" * 120]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (b"./a", b"a"),
        (b"/a/b", b"a/b"),
        (b"a//b/./c", b"a/b/c"),
        (b"../../a", b"a"),
        (b"a/../../b", b"b"),
        (b".hidden/..x", b".hidden/..x"),
        (b"a/b/", b"a/b"),
        (b"...", b"..."),
    ],
)
def test_names_are_confined_to_the_root(tmp_path, name, path):
    assert entries(tmp_path / "t", file(name))[0].path == path


@pytest.mark.parametrize("name", [b"./", b".", b"/", b"a/.."])
def test_the_root_itself_may_be_described(tmp_path, name):
    entry = entries(tmp_path / "t", block(name, type_=b"5"))[0]
    assert (entry.path, entry.kind) == (b"", Kind.DIR)


def test_a_pax_record_wins_over_the_header_and_a_gnu_name_over_both(tmp_path):
    data = pax({"path": b"pax", "uid": b"7", "size": b"3"}) + file(b"ustar", b"abc", size=0)
    data += pax({"path": b"pax2"}) + long_name(b"gnu") + file(b"ustar")
    first, second = entries(tmp_path / "t", data + END)
    assert (first.path, first.uid, first.size) == (b"pax", 7, 3)
    assert second.path == b"gnu"


def test_an_empty_pax_record_leaves_the_header_in_force(tmp_path):
    assert entries(tmp_path / "t", pax({"path": b""}) + file(b"ustar"))[0].path == b"ustar"


def test_a_later_pax_header_replaces_an_earlier_one_whole(tmp_path):
    data = pax({"uid": b"7", "path": b"one"}) + pax({"gid": b"8"}) + file(b"two")
    entry = entries(tmp_path / "t", data)[0]
    assert (entry.path, entry.uid, entry.gid) == (b"two", 0, 8)


def test_extended_headers_count_for_one_entry_alone(tmp_path):
    found = entries(tmp_path / "t", pax({"uid": b"7"}) + file(b"a") + file(b"b"))
    assert [e.uid for e in found] == [7, 0]


def test_a_global_header_changes_no_entry_as_in_every_engine(tmp_path):
    found = entries(tmp_path / "t", pax({"path": b"evil", "comment": b"git"}, b"g") + file(b"a"))
    assert [e.path for e in found] == [b"a"]


def test_extended_attributes_are_read_in_both_spellings(tmp_path):
    data = pax(
        {
            "SCHILY.xattr.security.capability": b"\x01\0\0\2=\n",
            "LIBARCHIVE.xattr.user.a%20b": b"AQI",
            "LIBARCHIVE.xattr.security.capability": b"AAAA",
        }
    )
    entry = entries(tmp_path / "t", data + file(b"a"))[0]
    assert entry.xattrs == {b"security.capability": b"\x01\0\0\2=\n", b"user.a b": b"\x01\x02"}


def test_attributes_of_overlay_itself_are_dropped(tmp_path):
    data = pax({"SCHILY.xattr.trusted.overlay.redirect": b"/x", "SCHILY.xattr.user.overlay.opaque": b"y"})
    assert entries(tmp_path / "t", data + file(b"a"))[0].xattrs == {}


def test_whiteouts_are_read(tmp_path):
    data = file(b"d/.wh.gone") + file(b"./e/.wh..wh..opq") + file(b".wh..wh.plnk/1.2") + file(b".wh..wh.aufs")
    data += block(b"dev", type_=b"3") + file(b"a.wh.b")
    gone, opaque, device, plain = entries(tmp_path / "t", data)
    assert (gone.path, gone.kind) == (b"d/gone", Kind.WHITEOUT)
    assert (opaque.path, opaque.kind) == (b"e", Kind.OPAQUE)
    assert (device.path, device.kind) == (b"dev", Kind.WHITEOUT)
    assert (plain.path, plain.kind) == (b"a.wh.b", Kind.FILE)


def test_content_of_anything_but_a_file_is_no_content(tmp_path):
    link = block(b"l", type_=b"1", size=512, link=b"a")
    found = entries(tmp_path / "t", file(b"a") + link + file(b"b"))
    assert [(e.path, e.size) for e in found] == [(b"a", 0), (b"l", 0), (b"b", 0)]


def test_an_old_folder_is_a_file_with_a_slash(tmp_path):
    assert entries(tmp_path / "t", block(b"d/", type_=b"\0", magic=bytes(8)))[0].kind is Kind.DIR


def test_content_is_given_in_full_and_what_is_not_read_is_skipped():
    stream = io.BytesIO(file(b"a", b"x" * 3000) + file(b"b", b"y" * 10) + file(b"c", b"z") + END)
    reader = TarReader(StreamSource(stream), "it")
    found = {}
    for entry in reader:
        if entry.path != b"b":
            found[entry.path] = b"".join(reader.content())
    assert found == {b"a": b"x" * 3000, b"c": b"z"}


@pytest.mark.parametrize("end", [b"", bytes(512), END, bytes(10240), END + b"anything at all"])
def test_an_archive_may_end_in_every_usual_way(tmp_path, end):
    assert len(entries(tmp_path / "t", file(b"a", b"1") + end)) == 1


def test_an_empty_layer_has_no_entries(tmp_path):
    assert entries(tmp_path / "t", END) == []


def test_a_checksum_of_signed_bytes_is_accepted(tmp_path):
    made = block(b"\xff" * 9)
    signed = sum(b - 256 if b > 127 else b for b in made[:148] + b" " * 8 + made[156:])
    assert entries(tmp_path / "t", block(b"\xff" * 9, checksum=b"%06o\0 " % signed))[0].path == b"\xff" * 9
