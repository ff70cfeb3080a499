"""Images of Podman."""

from __future__ import annotations

from jettison.image.manifest import OCI_MANIFEST
from jettison.image.model import Image
from jettison.image.reference import Reference, Transport
from jettison.stores.docker_archive.read import read_files
from jettison.stores.files import ArchiveFiles
from jettison.stores.image import StoredImage
from jettison.stores.oci_layout.read import read_layout
from jettison.stores.podman.client import podman


def open_podman(reference: Reference) -> Image:
    """The image that Podman has under `reference`, saved in the form in which its config stays as it is.

    Raises `NotFoundError`, `HostError` (no Podman), `RemoteError`, `RefusedError`.
    """
    name = reference.familiar
    with podman() as engine:
        what = f"the image {name!r} that Podman saved"
        if engine.manifest_type(name) != OCI_MANIFEST:
            files = ArchiveFiles(engine.save(name), what)
            return read_files(files, Reference(Transport.DOCKER_ARCHIVE), str(reference))
        files = ArchiveFiles(engine.save_layout(name), what)
    image = read_layout(files, Reference(Transport.OCI), None)
    return StoredImage(str(reference), image.raw_config, image.config, image.layers)
