"""Images in OCI layouts that are packed into a tar."""

from __future__ import annotations

from jettison.errors import UsageError
from jettison.image.model import Image
from jettison.image.platform import Platform
from jettison.image.reference import Reference
from jettison.stores.files import ArchiveFiles
from jettison.stores.oci_layout.read import read_layout


def open_oci_archive(reference: Reference, platform: Platform | None = None) -> Image:
    """The image tagged `reference.tag` (or the only one) in the file `reference.path`, for `platform`.

    Raises `NotFoundError`, `UsageError` (which of several?), `PlatformError`, `HostError`, `RefusedError`.
    """
    if reference.path is None:
        raise UsageError(f"{reference} names no file")
    return read_layout(ArchiveFiles.at(reference.path), reference, platform)
