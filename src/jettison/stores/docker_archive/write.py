"""Writing archives that every engine loads: an OCI layout with a `manifest.json`, as Docker writes it since
version 25."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from jettison.errors import UsageError
from jettison.image import document
from jettison.image.digest import Digest
from jettison.image.manifest import REF_NAME
from jettison.image.reference import Reference
from jettison.layers.files import new_file
from jettison.stores.packed import Member, PackedImage, blob_path, index_of, members
from jettison.stores.tarball import tarball

_IMAGE_NAME = "io.containerd.image.name"


def write_docker_archive(image: PackedImage, reference: Reference, *, replace: bool = False) -> Digest:
    """Write `image` to the file `reference.path`, which appears complete or not at all; its id.

    Raises `UsageError` if there is such a file and not `replace`, `HostError`, and what reading the layers
    raises.
    """
    if reference.path is None or reference.digest:
        raise UsageError(f"{reference} names no file with an image")
    with new_file(reference.path, replace=replace) as stream:
        for piece in docker_tarball(image, reference if reference.name else None):
            stream.write(piece)
    return image.config_digest


def docker_tarball(image: PackedImage, name: Reference | None) -> Iterator[bytes]:
    """The archive in pieces."""
    annotations = {REF_NAME: name.tag or "latest", _IMAGE_NAME: name.canonical} if name else {}
    descriptor = structs.replace(image.collection.descriptor, annotations=annotations)
    item = {
        "Config": blob_path(image.config_digest),
        "RepoTags": [f"{name.name}:{name.tag or 'latest'}"] if name else None,
        "Layers": [blob_path(layer.digest) for layer in image.layers],
    }
    files = [
        *members(image.collection, index_of([descriptor])),
        Member("manifest.json", document.canonical([item])),
    ]
    return tarball(files)
