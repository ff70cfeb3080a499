"""Layers as they are written."""

import hashlib
import io
import subprocess
import tarfile

import pytest

from builders import Item, tree_of
from jettison.errors import HostError, InvalidInputError
from jettison.image.digest import Digest
from jettison.layers.entry import Entry, Kind
from jettison.layers.stream import Compression
from jettison.layers.write import write_layer

ITEMS = [
    Item("d", None, mode=0o1777, uid=7),
    Item("d/file", b"content", mode=0o4755, uid=1, gid=2, mtime=1_600_000_000.25),
    Item("d/hard", hard="d/file"),
    Item("d/soft", link="file"),
    Item("empty", b""),
    Item("e/f/g", b"deep"),
    Item("n" * 120, b"long"),
]


def members(path) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(path) as tar:
        return {member.name: member for member in tar}


def test_what_is_written_is_what_the_original_has(tmp_path):
    tree = tree_of(tmp_path, ITEMS)
    write_layer(tree, [node.path for node in tree.walk()], tmp_path / "layer")
    found = members(tmp_path / "layer")
    assert list(found) == [".", "d", "d/file", "d/hard", "d/soft", "e", "e/f", "e/f/g", "empty", "n" * 120]
    regular = found["d/file"]
    assert (regular.mode, regular.uid, regular.gid, regular.size) == (0o4755, 1, 2, 7)
    assert regular.mtime == 1_600_000_000.25
    assert (found["d/hard"].type, found["d/hard"].linkname) == (tarfile.LNKTYPE, "d/file")
    assert (found["d/soft"].type, found["d/soft"].linkname) == (tarfile.SYMTYPE, "file")
    assert (found["d"].mode, found["d"].uid) == (0o1777, 7)
    assert not any(member.uname or member.gname for member in found.values())


def test_folders_above_a_chosen_file_come_with_it(tmp_path):
    tree = tree_of(tmp_path, ITEMS)
    write_layer(tree, [b"d/file"], tmp_path / "layer")
    assert list(members(tmp_path / "layer")) == [".", "d", "d/file"]


def test_the_first_chosen_name_of_a_file_carries_its_content(tmp_path):
    tree = tree_of(tmp_path, [Item("a", b"data"), Item("b", hard="a"), Item("c", hard="a")])
    write_layer(tree, [b"c", b"b"], tmp_path / "layer")
    found = members(tmp_path / "layer")
    assert (found["b"].type, found["b"].size) == (tarfile.REGTYPE, 4)
    assert (found["c"].type, found["c"].linkname) == (tarfile.LNKTYPE, "b")


@pytest.mark.parametrize("compression", list(Compression))
def test_the_same_input_gives_the_same_bytes_and_true_digests(tmp_path, compression):
    tree = tree_of(tmp_path, ITEMS)
    paths = [node.path for node in tree.walk()]
    one = write_layer(tree, paths, tmp_path / "one", compression=compression)
    two = write_layer(tree, paths[::-1], tmp_path / "two", compression=compression)
    data = (tmp_path / "one").read_bytes()
    assert data == (tmp_path / "two").read_bytes()
    assert (one.digest, one.size) == (Digest.of(data), len(data)) == (two.digest, two.size)
    tool = {"none": ["cat"], "gzip": ["gzip", "-dc"], "zstd": ["zstd", "-dc"]}[compression]
    if compression is not Compression.ZSTD:
        plain = subprocess.run(tool, input=data, capture_output=True, check=True).stdout
        assert (one.diff_id, one.uncompressed_size) == (Digest.of(plain), len(plain))
    plain_blob = write_layer(tree, paths, tmp_path / "plain")
    assert one.diff_id == plain_blob.diff_id == plain_blob.digest


def test_no_time_is_later_than_the_clamp(tmp_path):
    tree = tree_of(tmp_path, [Item("old", b"", mtime=5), Item("new", b"", mtime=2_000_000_000.5)])
    write_layer(tree, [b"old", b"new"], tmp_path / "layer", clamp_mtime=1_700_000_000)
    found = members(tmp_path / "layer")
    assert (found["old"].mtime, found["new"].mtime) == (5, 1_700_000_000)
    assert not found["new"].pax_headers


def test_added_entries_replace_those_of_the_tree(tmp_path):
    tree = tree_of(tmp_path, ITEMS)
    extra = [
        (Entry(b"d/file", Kind.FILE, 0o600, size=99), b"other"),
        (Entry(b"var/new", Kind.FILE, 0o644), b"new"),
        (Entry(b"gone", Kind.SYMLINK, 0o777, target=b"/x"), b""),
    ]
    write_layer(tree, [b"d/file", b"d/hard"], tmp_path / "layer", extra=extra)
    with tarfile.open(tmp_path / "layer") as tar:
        assert tar.extractfile("d/file").read(99) == b"other"
        assert tar.extractfile("d/hard").read(99) == b"content"
        assert tar.extractfile("var/new").read(99) == b"new"
        assert tar.getmember("var").isdir()
        assert tar.getmember("gone").linkname == "/x"


def test_binary_attributes_survive(tmp_path):
    value = b"\x01\0\0\2\xff\n="
    tree = tree_of(tmp_path, ITEMS)
    capable = Entry(b"tool", Kind.FILE, 0o755, xattrs={b"security.capability": value, b"user.a": b""})
    write_layer(tree, [], tmp_path / "layer", extra=[(capable, b"x")])
    again = tree_of(tmp_path, [])
    assert b"tool" not in again
    data = (tmp_path / "layer").read_bytes()
    assert b"SCHILY.xattr.security.capability=" + value in data


def test_a_path_that_the_image_does_not_have_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(InvalidInputError, match="nothing"):
        write_layer(tree_of(tmp_path, ITEMS), [b"nothing"], tmp_path / "layer")
    assert not (tmp_path / "layer").exists()


def test_a_folder_that_cannot_be_written_is_a_host_error(tmp_path):
    with pytest.raises(HostError, match="cannot write"):
        write_layer(tree_of(tmp_path, ITEMS), [], tmp_path / "none/layer")


def test_nothing_chosen_is_an_empty_layer(tmp_path):
    blob = write_layer(tree_of(tmp_path, ITEMS), [], tmp_path / "layer")
    assert blob.diff_id.hex == hashlib.sha256(bytes(1024)).hexdigest()
    assert tarfile.open(fileobj=io.BytesIO((tmp_path / "layer").read_bytes())).getnames() == []
