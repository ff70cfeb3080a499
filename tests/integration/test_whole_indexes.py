"""Images of several platforms, copied whole: held against skopeo, byte for byte."""

import json
import os
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from registries import serving

from builders import Item
from jettison.errors import DigestError, LimitError, UsageError
from jettison.image.digest import Digest
from jettison.image.validate import validate
from jettison.layers.tree import FileTree
from jettison.stores.copy import copy_image
from jettison.stores.open import open_image
from layouts import OCI_INDEX, OCI_MANIFEST, Layout, tagged

pytestmark = pytest.mark.integration
IN_TOTO = "application/vnd.in-toto+json"


@pytest.fixture(autouse=True)
def own_files(monkeypatch, tmp_path):
    """A cache and credentials of its own for each test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "auth.json"))


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("registry")) as host:
        yield host


def for_platform(layout: Layout, architecture: str) -> dict:
    platform = {"os": "linux", "architecture": architecture}
    shared = [Item("shared", b"x" * 300_000)]
    own = [Item("own", architecture.encode() * 1000)]
    return layout.image(shared, own, architecture=architecture, platform=platform)


def attestation(layout: Layout, image: dict) -> dict:
    """What BuildKit puts beside an image (attestation-storage.md)."""
    statement = layout.document({"_type": "statement", "subject": image["digest"]}, IN_TOTO)
    value = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": layout.document(
            {"architecture": "unknown", "os": "unknown"}, "application/vnd.oci.image.config.v1+json"
        ),
        "layers": [statement],
    }
    return layout.document(
        value,
        OCI_MANIFEST,
        platform={"os": "unknown", "architecture": "unknown"},
        annotations={
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": image["digest"],
        },
    )


@pytest.fixture
def source(tmp_path) -> str:
    """A layout with images for two platforms, one of them in a nested index, and an attestation of each."""
    layout = Layout(tmp_path / "source")
    here, there = for_platform(layout, "amd64"), for_platform(layout, "s390x")
    inner = layout.index(there, attestation(layout, there))
    return layout.finish(tagged(layout.index(here, attestation(layout, here), inner), "1")) + ":1"


def blobs(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("blobs/sha256/*")}


def test_an_index_is_the_same_after_every_place_it_was_in(source, registry, tmp_path):
    places = [
        source,
        f"docker://{registry}/multi/a:1",
        f"oci-archive:{tmp_path}/a.tar:1",
        f"docker://{registry}/multi/b:1",
        f"oci:{tmp_path}/end:1",
    ]
    digests = {str(copy_image(one, other).digest) for one, other in pairwise(places)}
    assert len(digests) == 1
    assert blobs(tmp_path / "end") == blobs(tmp_path / "source")
    for place in places:
        for platform in ("linux/amd64", "linux/s390x"):
            found = open_image(place, platform=platform)
            assert found.config.platform == platform
            assert validate(found) == []


def test_skopeo_finds_the_same_index(registry, tmp_path):
    """Its index lists images and attestations only: skopeo copies no nested ones."""
    layout = Layout(tmp_path / "source")
    listed = [for_platform(layout, "amd64"), for_platform(layout, "s390x")]
    source = layout.finish(tagged(layout.index(*listed, attestation(layout, listed[0])), "1")) + ":1"
    place = f"docker://{registry}/multi/skopeo:1"
    copy_image(source, place)
    raw = subprocess.run(
        ["skopeo", "inspect", "--raw", "--tls-verify=false", place], check=True, capture_output=True
    ).stdout
    digest = json.loads((tmp_path / "source/index.json").read_bytes())["manifests"][0]["digest"]
    assert str(Digest.of(raw)) == digest
    target = f"oci:{tmp_path}/theirs:1"
    command = ["skopeo", "copy", "--all", "--quiet", "--src-tls-verify=false", place, target]
    subprocess.run(command, check=True)
    theirs = json.loads((tmp_path / "theirs/index.json").read_bytes())["manifests"]
    assert [(each["mediaType"], each["digest"]) for each in theirs] == [(OCI_INDEX, digest)]


def test_a_platform_takes_one_image_out(source, tmp_path):
    place = f"oci:{tmp_path}/one:1"
    copy_image(source, place, platform="linux/s390x")
    assert open_image(place).config.architecture == "s390x"
    assert len(blobs(tmp_path / "one")) == 4


def test_a_place_without_indexes_gets_the_image_of_this_host(source, tmp_path):
    place = f"docker-archive:{tmp_path}/one.tar:app:1"
    copy_image(source, place)
    assert open_image(place).config.architecture == open_image(source).config.architecture


@pytest.mark.parametrize("part", ["layer", "attestation"])
def test_a_damaged_part_of_an_index_is_not_copied_into_a_layout(part, tmp_path, registry):
    layout = Layout(tmp_path / "source")
    image = for_platform(layout, "amd64")
    proof = attestation(layout, image)
    reference = layout.finish(layout.index(image, proof))
    manifest = json.loads(blobs(layout.path)[(image if part == "layer" else proof)["digest"][7:]])
    path = layout.path / "blobs/sha256" / manifest["layers"][0]["digest"][7:]
    path.write_bytes(b"\0" * path.stat().st_size)
    with pytest.raises(Exception, match=r"digest|damaged|layer"):
        copy_image(reference, f"oci:{tmp_path}/end:1")
    assert not (tmp_path / "end").exists()


def test_a_wrong_diff_id_in_a_registry_is_found_by_who_reads_the_layer(tmp_path, registry):
    """The registry's digests are right; what the layer unpacks to is not what the config declares."""
    layout = Layout(tmp_path / "source")
    wrong = {"rootfs": {"type": "layers", "diff_ids": ["sha256:" + "0" * 64]}}
    image = layout.image([Item("a", b"x")], config=wrong)
    source = layout.finish(tagged(image, "1")) + ":1"
    place = f"docker://{registry}/wrong/one:1"
    subprocess.run(["skopeo", "copy", "--quiet", "--dest-tls-verify=false", source, place], check=True)
    copy_image(place, f"oci:{tmp_path}/end:1")
    with pytest.raises(DigestError, match="content"):
        FileTree.of(open_image(f"oci:{tmp_path}/end:1"))
    with pytest.raises(DigestError, match="content"):
        copy_image(place, f"docker-archive:{tmp_path}/end.tar")
    assert not (tmp_path / "end.tar").exists()


def test_an_index_of_ever_more_indexes_is_not_copied(tmp_path):
    layout = Layout(tmp_path / "source")
    entry = for_platform(layout, "amd64")
    for _ in range(12):
        entry = layout.index(entry)
    with pytest.raises(LimitError):
        copy_image(layout.finish(tagged(entry, "1")) + ":1", f"oci:{tmp_path}/end:1")


def test_the_source_is_not_overwritten_by_its_own_index(source):
    with pytest.raises(UsageError, match="source"):
        copy_image(source, source)


def test_a_layout_shares_no_file_with_the_cache(source, registry, tmp_path):
    """Whoever changes a file of the layout must not change what the next run reads."""
    copy_image(source, f"docker://{registry}/multi/cached:1")
    FileTree.of(open_image(f"docker://{registry}/multi/cached:1", platform="linux/amd64"))
    copy_image(f"docker://{registry}/multi/cached:1", f"oci:{tmp_path}/end:1")
    cached = {path.stat().st_ino for path in (tmp_path / "cache").rglob("*") if path.is_file()}
    made = [path.stat() for path in (tmp_path / "end/blobs/sha256").iterdir()]
    assert cached
    assert not {info.st_ino for info in made} & cached
    assert all(info.st_nlink == 1 and info.st_mode & 0o200 for info in made)
    for path in (tmp_path / "end/blobs/sha256").iterdir():
        os.truncate(path, 0)
    found = open_image(f"docker://{registry}/multi/cached:1", platform="linux/amd64")
    tree = FileTree.of(found)
    assert tree.read(tree.get(b"shared")) == b"x" * 300_000
