"""Docker archives and the tars that layouts are packed in."""

import gzip
import hashlib
import json
import os
import tarfile
import threading

import pytest

from builders import Item, archive, layer_tar
from jettison.errors import InvalidInputError, LimitError, NotFoundError, UsageError
from jettison.layers.tree import FileTree
from jettison.stores import files
from jettison.stores.files import ArchiveFiles
from jettison.stores.open import open_image
from layouts import Layout

LAYER = layer_tar([Item("a", b"data")])


def docker(path, images: dict[str, list[bytes]], **changes: object) -> str:
    """A Docker archive of images by name, each with the tars of its layers."""
    members: dict[str, bytes] = {}
    manifest = []
    for number, (name, tars) in enumerate(images.items()):
        config = {
            "architecture": "amd64",
            "os": "linux",
            "rootfs": {"diff_ids": [_digest(tar) for tar in tars]},
        }
        members[f"{number}.json"] = json.dumps(config).encode()
        layers = [f"{number}-{index}/layer.tar" for index in range(len(tars))]
        members |= dict(zip(layers, tars, strict=True))
        manifest.append(
            {"Config": f"{number}.json", "RepoTags": [name] if name else None, "Layers": layers} | changes
        )
    members["manifest.json"] = json.dumps(manifest).encode()
    path.write_bytes(layer_tar(members))
    return f"docker-archive:{path}"


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def names(reference: str) -> list[bytes]:
    return FileTree.of(open_image(reference)).names(b"")


def test_the_only_image_needs_no_name(tmp_path):
    image = open_image(docker(tmp_path / "t", {"app:1": [LAYER]}))
    assert image.manifest_digest is None
    assert [layer.diff_id.value for layer in image.layers] == [_digest(LAYER)]


@pytest.mark.parametrize("name", ["two", "two:latest", "docker.io/library/two"])
def test_a_name_chooses_in_every_spelling(tmp_path, name):
    reference = docker(tmp_path / "t", {"one:1": [LAYER], "two:latest": [layer_tar([Item("b")])]})
    assert names(f"{reference}:{name}") == [b"b"]


def test_several_images_must_be_chosen_from(tmp_path):
    reference = docker(tmp_path / "t", {"one:1": [LAYER], "two:1": [LAYER]})
    with pytest.raises(UsageError) as caught:
        open_image(reference)
    assert "one:1, two:1" in caught.value.hint
    with pytest.raises(NotFoundError):
        open_image(f"{reference}:three")


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: data])
def test_layers_may_be_packed_whatever_they_are_called(tmp_path, pack):
    reference = docker(tmp_path / "t", {"a": [LAYER]})
    with tarfile.open(tmp_path / "t") as tar:
        members = {member.name: tar.extractfile(member).read(10**6) for member in tar if member.isfile()}
    members["0-0/layer.tar"] = pack(members["0-0/layer.tar"])
    (tmp_path / "t").write_bytes(layer_tar(members))
    assert names(reference) == [b"a"]


def test_the_whole_archive_may_be_packed(tmp_path):
    reference = docker(tmp_path / "t", {"a": [LAYER]})
    (tmp_path / "t").write_bytes(gzip.compress((tmp_path / "t").read_bytes()))
    assert names(reference) == [b"a"]


def test_an_archive_may_come_from_a_pipe(tmp_path):
    docker(tmp_path / "t", {"a": [LAYER]})
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes((tmp_path / "t").read_bytes()))
    writer.start()
    assert names(f"docker-archive:{tmp_path}/pipe") == [b"a"]
    writer.join()


@pytest.mark.parametrize(
    "link",
    [
        Item("2/layer.tar", link="../1/layer.tar"),
        Item("2/layer.tar", link="/1/layer.tar"),
        Item("2/layer.tar", hard="1/layer.tar"),
        Item("2/layer.tar", link="../../../1/layer.tar"),
    ],
)
def test_equal_layers_may_be_links_as_old_engines_write_them(tmp_path, link):
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"diff_ids": [_digest(LAYER)] * 2}}
    manifest = [{"Config": "c", "RepoTags": None, "Layers": ["1/layer.tar", "2/layer.tar"]}]
    items = [
        Item("1/layer.tar", LAYER),
        link,
        Item("c", json.dumps(config).encode()),
        Item("manifest.json", json.dumps(manifest).encode()),
    ]
    (tmp_path / "t").write_bytes(layer_tar(items))
    assert names(f"docker-archive:{tmp_path}/t") == [b"a"]


def test_the_last_of_two_members_counts(tmp_path):
    (tmp_path / "t").write_bytes(layer_tar([Item("f", b"one"), Item("./f", b"two")]))
    found = ArchiveFiles.at(tmp_path / "t").find("f")
    with found.open() as stream:
        assert stream.read(9) == b"two"


@pytest.mark.parametrize(
    "item",
    [Item("f", link="f"), Item("f", link="/etc/passwd"), Item("f", None), Item("f", type=tarfile.FIFOTYPE)],
)
def test_what_is_not_a_file_of_the_archive_is_none(tmp_path, item):
    (tmp_path / "t").write_bytes(layer_tar([item]))
    assert ArchiveFiles.at(tmp_path / "t").find("f") is None


@pytest.mark.parametrize(
    "changes",
    [
        {"Config": "../../../../etc/passwd"},
        {"Config": "missing.json"},
        {"Config": 3},
        {"Layers": ["missing"]},
        {"Layers": []},
        {"Layers": ["0-0/layer.tar"] * 2},
        {"Layers": None},
        {"RepoTags": "a"},
    ],
)
def test_a_manifest_that_contradicts_the_archive_is_refused(tmp_path, changes):
    with pytest.raises(InvalidInputError):
        open_image(docker(tmp_path / "t", {"a": [LAYER]}, **changes))


@pytest.mark.parametrize(
    "content", [b"", b"not a tar at all" * 100, bytes(1024), b"\x1f\x8b" + bytes(600), b"BZh91AY"]
)
def test_what_is_not_an_archive_is_refused(tmp_path, content):
    (tmp_path / "t").write_bytes(content)
    for transport in ("docker-archive", "oci-archive"):
        with pytest.raises(InvalidInputError):
            open_image(f"{transport}:{tmp_path}/t")


def test_a_missing_file_is_not_found_and_a_folder_is_no_archive(tmp_path):
    with pytest.raises(NotFoundError):
        open_image(f"docker-archive:{tmp_path}/none")
    with pytest.raises(UsageError, match="folder"):
        open_image(f"docker-archive:{tmp_path}")


def test_an_archive_that_is_cut_off_anywhere_is_refused(tmp_path):
    reference = archive(tmp_path, [[Item("a", b"data")]])
    path = tmp_path / reference.rpartition("/")[2]
    data = path.read_bytes().rstrip(b"\0")
    for length in range(0, len(data), 509):
        path.write_bytes(data[:length])
        with pytest.raises(InvalidInputError):
            names(reference)


def test_too_many_members_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_ARCHIVE_MEMBERS", 3)
    (tmp_path / "t").write_bytes(layer_tar([Item(str(number)) for number in range(4)]))
    with pytest.raises(LimitError):
        ArchiveFiles.at(tmp_path / "t")


def test_a_layout_in_a_tar_is_read_as_one_in_a_folder(tmp_path):
    layout = Layout(tmp_path / "layout")
    reference = layout.finish(layout.image([Item("a", b"data")]))
    with tarfile.open(tmp_path / "t", "w") as tar:
        tar.add(layout.path, ".")
    one, two = open_image(reference), open_image(f"oci-archive:{tmp_path}/t")
    assert (one.raw_config, one.manifest_digest) == (two.raw_config, two.manifest_digest)
    assert names(two.reference) == [b"a"]
