"""Manifests and indexes."""

import json

import pytest

from jettison.errors import InvalidInputError
from jettison.image.digest import Digest
from jettison.image.manifest import (
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER,
    OCI_MANIFEST,
    Descriptor,
    Manifest,
    image_manifest,
    layer_descriptor,
    parse_index,
    parse_manifest,
)
from jettison.image.platform import Platform

A = "sha256:" + "a" * 64
CONFIG = {"mediaType": OCI_CONFIG, "digest": A, "size": 3}
LAYER = {"mediaType": OCI_LAYER, "digest": A, "size": 5}
MANIFEST = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": CONFIG, "layers": [LAYER]}
INDEX = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}


def dump(value: object) -> bytes:
    return json.dumps(value).encode()


def test_a_manifest_is_read():
    assert parse_manifest(dump(MANIFEST)) == Manifest(
        Descriptor(OCI_CONFIG, Digest(A), 3), (Descriptor(OCI_LAYER, Digest(A), 5),), OCI_MANIFEST
    )


def test_a_manifest_without_a_media_type_has_that_of_its_descriptor():
    value = {key: member for key, member in MANIFEST.items() if key != "mediaType"}
    assert parse_manifest(dump(value), media_type=DOCKER_MANIFEST).media_type == DOCKER_MANIFEST


def test_an_index_is_read_with_its_platforms():
    entry = LAYER | {
        "mediaType": OCI_MANIFEST,
        "platform": {"os": "linux", "architecture": "arm", "variant": "v7", "os.version": "1"},
        "annotations": {"x": "y"},
    }
    found = parse_index(dump(INDEX | {"manifests": [entry]})).manifests[0]
    assert found.platform == Platform("linux", "arm", "v7")
    assert found.annotations == {"x": "y"}


def test_null_members_are_absent_ones():
    assert parse_manifest(dump(MANIFEST | {"annotations": None, "layers": [LAYER | {"annotations": None}]}))


@pytest.mark.parametrize(
    "change",
    [
        {"manifests": []},
        {"fsLayers": []},
        {"schemaVersion": 1},
        {"schemaVersion": "2"},
        {"mediaType": OCI_INDEX},
        {"mediaType": "text/plain"},
        {"layers": None},
        {"layers": [LAYER | {"size": -1}]},
        {"layers": [LAYER | {"size": 2**63}]},
        {"layers": [LAYER | {"size": 1.0}]},
        {"layers": [LAYER | {"size": "5"}]},
        {"layers": [LAYER | {"digest": "sha256:../../etc/passwd"}]},
        {"layers": [LAYER | {"digest": "md5:" + "a" * 32}]},
        {"layers": [LAYER | {"digest": "sha256:" + "A" * 64}]},
        {"layers": [LAYER | {"digest": "sha256:" + "a" * 63}]},
        {"layers": [LAYER] * 1001},
        {"layers": ["x"]},
        {"config": None},
        {"config": [CONFIG]},
    ],
)
def test_a_manifest_that_is_wrong_or_ambiguous_is_refused(change):
    with pytest.raises(InvalidInputError):
        parse_manifest(dump(MANIFEST | change))


@pytest.mark.parametrize(
    "change", [{"layers": []}, {"config": CONFIG}, {"manifests": {}}, {"mediaType": OCI_MANIFEST}]
)
def test_an_index_that_is_wrong_or_ambiguous_is_refused(change):
    with pytest.raises(InvalidInputError):
        parse_index(dump(INDEX | change))


def test_a_document_is_not_taken_for_another_type_than_its_descriptor_says():
    with pytest.raises(InvalidInputError, match="descriptor"):
        parse_manifest(dump(MANIFEST), media_type=DOCKER_MANIFEST)


@pytest.mark.parametrize(
    "member",
    [
        {"platform": {"os": "unknown", "architecture": "unknown"}},
        {"annotations": {"vnd.docker.reference.type": "attestation-manifest"}},
    ],
)
def test_attestations_are_known_in_both_forms(member):
    index = parse_index(dump(INDEX | {"manifests": [LAYER | member, LAYER]}))
    assert [entry.is_attestation for entry in index.manifests] == [True, False]


def test_what_is_written_can_be_read_and_is_always_the_same():
    layers = [layer_descriptor(Digest(A), 5, name) for name in ("none", "gzip", "zstd")]
    made = image_manifest(b"{}", layers)
    assert parse_manifest(made.as_bytes()) == made
    assert made.as_bytes() == image_manifest(b"{}", layers).as_bytes()
    assert [layer.media_type[-9:] for layer in layers] == ["ayer.v1.tar"[-9:], ".tar+gzip", ".tar+zstd"]
