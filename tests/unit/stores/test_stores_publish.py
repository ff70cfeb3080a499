"""Writing images to files, and copying them."""

import json
import os
import tarfile
import threading

import pytest

from builders import Item, archive, image_of
from jettison.errors import DigestError, HostError, UsageError
from jettison.image.config import History
from jettison.image.digest import Digest
from jettison.image.model import image_id
from jettison.image.new import new_image
from jettison.image.validate import Finding, validate
from jettison.layers.stream import Compression
from jettison.layers.tree import FileTree
from jettison.layers.write import write_layer
from jettison.stores.copy import copy_image
from jettison.stores.open import open_image
from jettison.stores.packed import members
from jettison.stores.publish import publish
from layouts import Layout, tagged

TRANSPORTS = ["oci:{}/dir:tag", "oci-archive:{}/oci.tar:tag", "docker-archive:{}/docker.tar:team/app:tag"]
ITEMS = [
    Item("d", None, mode=0o700),
    Item("d/a", b"data", mode=0o4755),
    Item("l", link="d/a"),
    Item("h", hard="d/a"),
]


def made(folder, compression=Compression.NONE):
    """A new image with the files of another."""
    source = image_of(folder, ITEMS, config={"Env": ["A=1"]})
    tree = FileTree.of(source)
    paths = [node.path for node in tree.walk()]
    blob = write_layer(tree, paths, folder / f"layer-{compression}", compression=compression)
    history = [History(created_by="jettison"), History(created_by="CMD", empty_layer=True)]
    return source, new_image(source, [blob], history=history, created="2020-01-01T00:00:00Z")


def shape(image) -> list[tuple]:
    """All that the tree of an image knows, its layer numbers left out."""
    return [
        (n.path, n.kind, n.mode, n.uid, n.gid, n.size, n.mtime_ns, n.target, n.inode)
        for n in FileTree.of(image).walk()
        if n.path
    ]


@pytest.mark.parametrize("compression", list(Compression))
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_what_is_published_can_be_opened_and_is_the_same(tmp_path, transport, compression):
    source, image = made(tmp_path, compression)
    published = publish(image, transport.format(tmp_path))
    again = open_image(published.reference)
    assert again.raw_config == image.raw_config
    assert again.config.config.env == ("A=1",)
    assert shape(again) == shape(source)
    assert validate(again) == []
    expected = image_id(image) if "docker" in transport else image.manifest_digest
    assert published.digest == expected


@pytest.mark.parametrize("transport", TRANSPORTS[1:])
def test_archives_are_the_same_bytes_each_time(tmp_path, transport):
    written = []
    for number in "12":
        (tmp_path / number).mkdir()
        _, image = made(tmp_path / number)
        publish(image, transport.format(tmp_path / number))
        written.append((tmp_path / number / transport.split("/")[1].split(":")[0]).read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize("transport", TRANSPORTS[1:])
def test_a_file_that_is_there_is_only_replaced_if_asked(tmp_path, transport):
    _, image = made(tmp_path)
    reference = transport.format(tmp_path)
    publish(image, reference)
    with pytest.raises(UsageError, match="exists"):
        publish(image, reference)
    publish(image, reference, replace=True)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_place_that_does_not_exist_is_a_host_error_and_leaves_nothing(tmp_path, transport):
    _, image = made(tmp_path)
    with pytest.raises(HostError, match="cannot write"):
        publish(image, transport.format(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


def test_the_source_is_never_overwritten(tmp_path):
    source, image = made(tmp_path)
    path = source.reference.partition(":")[2]
    for name in (
        source.reference,
        f"docker-archive:{path}:other:1",
        f"docker-archive:{tmp_path}/./{path.rpartition('/')[2]}",
    ):
        with pytest.raises(UsageError, match="source"):
            publish(image, name, source=source.reference, replace=True)
    with pytest.raises(UsageError, match="source"):
        publish(image, "docker-daemon:docker.io/library/app:latest", source="app")


def test_another_tag_of_the_layout_of_the_source_may_be_written(tmp_path):
    _, image = made(tmp_path)
    publish(image, f"oci:{tmp_path}/dir:one")
    publish(image, f"oci:{tmp_path}/dir:two", source=f"oci:{tmp_path}/dir:one")
    with pytest.raises(UsageError):
        publish(image, f"oci:{tmp_path}/dir:one", source=f"oci:{tmp_path}/dir:one")


@pytest.mark.parametrize(
    "name",
    [
        "docker://host/app@sha256:" + "a" * 64,
        "podman:app@sha256:" + "a" * 64,
        "docker-daemon:sha256:" + "a" * 64,
        "docker-daemon:app@sha256:" + "a" * 64,
    ],
)
def test_what_cannot_be_written_to_is_a_usage_error(tmp_path, name):
    with pytest.raises(UsageError):
        publish(made(tmp_path)[1], name)


def test_a_tag_moves_and_what_else_the_layout_has_stays(tmp_path):
    layout = Layout(tmp_path / "layout")
    other, moved = layout.image([Item("other")]), layout.image([Item("old")])
    reference = layout.finish(
        tagged(other, "other") | {"urls": ["x"]}, tagged(moved, "tag"), annotations={"k": "v"}
    )
    published = publish(made(tmp_path)[1], f"{reference}:tag")
    index = json.loads((layout.path / "index.json").read_text())
    assert index["annotations"] == {"k": "v"}
    assert index["manifests"][0] == tagged(other, "other") | {"urls": ["x"]}
    assert [entry["digest"] for entry in index["manifests"]] == [other["digest"], str(published.digest)]
    assert FileTree.of(open_image(f"{reference}:other")).names(b"") == [b"other"]


def test_writing_the_same_twice_changes_nothing(tmp_path):
    _, image = made(tmp_path)
    for _ in range(2):
        publish(image, f"oci:{tmp_path}/dir")
    assert len(json.loads((tmp_path / "dir/index.json").read_text())["manifests"]) == 1
    assert sorted(os.listdir(tmp_path / "dir")) == ["blobs", "index.json", "oci-layout"]


def test_a_blob_of_the_layout_that_is_damaged_is_mended(tmp_path):
    _, image = made(tmp_path)
    publish(image, f"oci:{tmp_path}/dir:a")
    blob = tmp_path / "dir/blobs/sha256" / image.blobs[0].digest.hex
    blob.write_bytes(blob.read_bytes()[:-1] + b"x")
    publish(image, f"oci:{tmp_path}/dir:b")
    assert validate(open_image(f"oci:{tmp_path}/dir:a")) == []


def test_an_empty_folder_becomes_a_layout_and_another_does_not(tmp_path):
    _, image = made(tmp_path)
    (tmp_path / "empty").mkdir()
    publish(image, f"oci:{tmp_path}/empty:a")
    assert validate(open_image(f"oci:{tmp_path}/empty:a")) == []
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").write_text("x")
    with pytest.raises(UsageError, match="not an OCI layout"):
        publish(image, f"oci:{tmp_path}/full")
    assert os.listdir(tmp_path / "full") == ["file"]


def test_writers_of_one_layout_wait_for_each_other(tmp_path):
    _, image = made(tmp_path)
    publish(image, f"oci:{tmp_path}/dir:start")
    threads = [threading.Thread(target=publish, args=(image, f"oci:{tmp_path}/dir:t{n}")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(json.loads((tmp_path / "dir/index.json").read_text())["manifests"]) == 9


def test_a_layout_that_another_writer_made_in_the_meantime_is_added_to(tmp_path, monkeypatch):
    _, image = made(tmp_path)
    first = f"oci:{tmp_path}/dir:first"

    def overtaken(*arguments):
        monkeypatch.undo()
        publish(image, first)
        yield from members(*arguments)

    monkeypatch.setattr("jettison.stores.oci_layout.write.members", overtaken)
    publish(image, f"oci:{tmp_path}/dir:second")
    for tag in ("first", "second"):
        assert validate(open_image(f"oci:{tmp_path}/dir:{tag}")) == []
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("target", TRANSPORTS)
@pytest.mark.parametrize("source", TRANSPORTS)
def test_copies_keep_config_and_layers_byte_for_byte(tmp_path, source, target):
    _, image = made(tmp_path, Compression.GZIP)
    (tmp_path / "copy").mkdir()
    first = publish(image, source.format(tmp_path)).reference
    copied = copy_image(first, target.format(tmp_path / "copy"))
    again = open_image(copied.reference)
    assert again.raw_config == image.raw_config
    assert again.layers[0].blob.size == image.blobs[0].size
    assert validate(again) == []


def test_a_copy_between_layouts_keeps_the_manifest(tmp_path):
    layout = Layout(tmp_path / "layout")
    entry = layout.image([Item("a")], manifest={"annotations": {"k": "v"}, "unknown": 1})
    copied = copy_image(layout.finish(entry), f"oci-archive:{tmp_path}/copy.tar")
    assert copied.digest == Digest(entry["digest"])


def test_a_damaged_image_is_not_copied(tmp_path):
    layout = Layout(tmp_path / "layout")
    reference = layout.finish(
        layout.image([Item("a")], config={"rootfs": {"diff_ids": ["sha256:" + "a" * 64]}})
    )
    with pytest.raises(DigestError):
        copy_image(reference, f"oci:{tmp_path}/copy")
    assert not (tmp_path / "copy").exists()


def test_a_docker_archive_is_a_layout_too(tmp_path):
    _, image = made(tmp_path)
    publish(image, f"docker-archive:{tmp_path}/t:team/app:1")
    assert open_image(f"oci-archive:{tmp_path}/t").manifest_digest == image.manifest_digest
    with tarfile.open(tmp_path / "t") as tar:
        assert json.loads(tar.extractfile("manifest.json").read(10**6))[0]["RepoTags"] == ["team/app:1"]


def test_validate_tells_all_that_is_wrong(tmp_path):
    history = [{"created_by": "one"}, {"created_by": "two"}]
    reference = archive(tmp_path, [[Item("a"), Item("a")]], history=history, config={"Env": ["NOVALUE"]})
    assert validate(open_image(reference)) == [
        Finding("config", "the history tells of 2 layers, the image has 1"),
        Finding("config", "the variable 'NOVALUE' has no value"),
        Finding("layer 0", "'a' occurs more than once"),
    ]
