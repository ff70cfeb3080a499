"""OCI layouts: which image is meant, and what is refused."""

import json
import os

import pytest

from builders import Item
from jettison.errors import (
    DigestError,
    InvalidInputError,
    LimitError,
    NotFoundError,
    PlatformError,
    UsageError,
)
from jettison.image.digest import Digest
from jettison.image.platform import host_platform
from jettison.layers.tree import FileTree
from jettison.stores.open import open_image
from layouts import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Layout, tagged

HOST = str(host_platform())
OTHER = {"os": "linux", "architecture": "s390x"}
HERE = {"os": host_platform().os, "architecture": host_platform().architecture}


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path / "layout")


def names(reference: str, **options: str) -> list[bytes]:
    """The names in the root of the image."""
    return FileTree.of(open_image(reference, **options)).names(b"")


def test_the_only_image_needs_no_tag(layout):
    reference = layout.finish(layout.image([Item("a")]))
    image = open_image(reference)
    assert image.reference == reference
    assert image.manifest_digest == Digest(
        json.loads((layout.path / "index.json").read_text())["manifests"][0]["digest"]
    )
    assert names(reference) == [b"a"]


def test_a_tag_chooses(layout):
    reference = layout.finish(
        tagged(layout.image([Item("a")]), "one"), tagged(layout.image([Item("b")]), "two")
    )
    assert names(f"{reference}:two") == [b"b"]


def test_several_tags_must_be_chosen_from(layout):
    reference = layout.finish(
        tagged(layout.image([Item("a")]), "one"), tagged(layout.image([Item("b")]), "two")
    )
    with pytest.raises(UsageError) as caught:
        open_image(reference)
    assert "one, two" in caught.value.hint


def test_a_missing_tag_is_not_found_and_those_that_are_there_are_named(layout):
    reference = layout.finish(tagged(layout.image([Item("a")]), "one"))
    with pytest.raises(NotFoundError, match="no such tag") as caught:
        open_image(f"{reference}:two")
    assert "one" in caught.value.hint


def test_a_missing_folder_is_not_found(tmp_path):
    with pytest.raises(NotFoundError):
        open_image(f"oci:{tmp_path}/none")


@pytest.mark.parametrize("nesting", [0, 1, 2])
def test_the_platform_of_this_host_is_chosen_also_in_nested_indexes(layout, nesting):
    entries = [layout.image([Item("other")], platform=OTHER), layout.image([Item("here")], platform=HERE)]
    for _ in range(nesting):
        entries = [layout.index(*entries)]
    reference = layout.finish(*entries)
    assert names(reference) == [b"here"]
    assert names(reference, platform="linux/s390x") == [b"other"]


def test_the_first_of_equal_platforms_wins(layout):
    reference = layout.finish(
        layout.image([Item("a")], platform=HERE), layout.image([Item("b")], platform=HERE)
    )
    assert names(reference) == [b"a"]


def test_a_platform_that_no_image_has_is_refused_with_those_there_are(layout):
    with pytest.raises(PlatformError, match="linux/riscv64") as caught:
        open_image(layout.finish(layout.image([], platform=OTHER)), platform="linux/riscv64")
    assert "linux/s390x" in caught.value.hint


def test_a_single_image_for_another_platform_is_opened_all_the_same(layout):
    assert names(layout.finish(layout.image([Item("a")], architecture="s390x", platform=OTHER))) == [b"a"]


def test_attestations_are_never_taken_for_the_image(layout):
    old = layout.image([Item("x")], platform={"os": "unknown", "architecture": "unknown"})
    new = layout.image([Item("y")], annotations={"vnd.docker.reference.type": "attestation-manifest"})
    assert names(layout.finish(layout.index(old, new, layout.image([Item("a")], platform=HERE)))) == [b"a"]
    with pytest.raises(NotFoundError):
        open_image(layout.finish(old))


def test_documents_of_docker_are_read_too(layout):
    reference = layout.finish(layout.image([Item("a")], manifest={"mediaType": DOCKER_MANIFEST}))
    assert names(reference) == [b"a"]


def test_entries_of_unknown_types_are_passed_over(layout):
    reference = layout.finish(layout.blob(b"x", "application/x-thing"), layout.image([Item("a")]))
    assert names(reference) == [b"a"]


def test_an_image_without_layers_is_one(layout):
    assert names(layout.finish(layout.image())) == []


@pytest.mark.parametrize("missing", ["oci-layout", "index.json"])
def test_a_folder_that_is_no_layout_is_refused(layout, missing):
    reference = layout.finish(layout.image())
    (layout.path / missing).unlink()
    with pytest.raises(InvalidInputError, match=missing):
        open_image(reference)


def test_an_unknown_version_is_refused(layout):
    reference = layout.finish(layout.image())
    (layout.path / "oci-layout").write_text('{"imageLayoutVersion": "2.0.0"}')
    with pytest.raises(InvalidInputError, match="version"):
        open_image(reference)


def test_every_blob_that_is_damaged_is_noticed(layout):
    reference = layout.finish(layout.image([Item("a", b"data")]))
    for blob in list((layout.path / "blobs/sha256").iterdir()):
        good = blob.read_bytes()
        for bad in (good[:-1] + bytes([good[-1] ^ 1]), good + b"x", good[:-1], b""):
            blob.write_bytes(bad)
            with pytest.raises((DigestError, InvalidInputError)):
                [list(layer.entries()) for layer in open_image(reference).layers]
        blob.unlink()
        with pytest.raises(InvalidInputError, match="missing"):
            open_image(reference)
        blob.write_bytes(good)
    assert names(reference) == [b"a"]


@pytest.mark.parametrize("size", [0, 1, 10**6, 2**62])
def test_a_size_that_lies_is_refused(layout, size):
    with pytest.raises(DigestError, match="descriptor"):
        open_image(layout.finish(layout.image() | {"size": size}))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_fewer_or_more_diff_ids_than_layers_are_refused(layout, count):
    diff_ids = ["sha256:" + "a" * 64] * count
    reference = layout.finish(layout.image([], [], config={"rootfs": {"diff_ids": diff_ids}}))
    with pytest.raises(InvalidInputError, match=f"declares {count} layers, the manifest 2"):
        open_image(reference)


def test_a_wrong_diff_id_is_found_when_the_layer_is_read(layout):
    config = {"rootfs": {"diff_ids": ["sha256:" + "a" * 64]}}
    with pytest.raises(DigestError):
        names(layout.finish(layout.image([Item("a")], config=config)))


def test_an_artifact_is_not_an_image(layout):
    empty = layout.blob(b"{}", "application/vnd.oci.empty.v1+json")
    reference = layout.finish(layout.image(manifest={"config": empty, "artifactType": "x/y"}))
    with pytest.raises(InvalidInputError, match="not an image"):
        open_image(reference)


def test_an_index_of_ever_more_indexes_is_refused(layout):
    entry = layout.image()
    for _ in range(5):
        entry = layout.index(entry)
    with pytest.raises(LimitError, match="nests"):
        open_image(layout.finish(entry))


def test_an_index_that_lists_one_image_many_times_counts_it_once(layout):
    entry = layout.index(*[layout.image([Item("a")])] * 500)
    assert names(layout.finish(entry, entry)) == [b"a"]


def test_a_manifest_passed_off_as_an_index_is_refused(layout):
    with pytest.raises(InvalidInputError):
        open_image(layout.finish(layout.image() | {"mediaType": OCI_INDEX}))
    with pytest.raises(InvalidInputError):
        open_image(layout.finish(layout.index() | {"mediaType": OCI_MANIFEST}))


def test_a_blob_that_is_a_link_out_of_the_layout_is_not_followed(layout, tmp_path):
    reference = layout.finish(layout.image())
    (tmp_path / "index.json").write_bytes((layout.path / "index.json").read_bytes())
    (layout.path / "index.json").unlink()
    (layout.path / "index.json").symlink_to(tmp_path / "index.json")
    with pytest.raises(InvalidInputError, match="missing"):
        open_image(reference)


def test_a_fifo_in_place_of_a_file_blocks_nobody(layout):
    reference = layout.finish(layout.image())
    (layout.path / "index.json").unlink()
    os.mkfifo(layout.path / "index.json")
    with pytest.raises(InvalidInputError, match="regular"):
        open_image(reference)
