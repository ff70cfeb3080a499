"""Images in OCI layouts (image-spec, image-layout.md), in a folder or in a tar."""

from __future__ import annotations

from collections.abc import Sequence

from jettison.errors import DigestError, InvalidInputError, NotFoundError, UsageError
from jettison.image import document
from jettison.image.manifest import REF_NAME, Descriptor, parse_index
from jettison.image.model import Image
from jettison.image.platform import Platform
from jettison.image.reference import Reference
from jettison.layers.path import printable
from jettison.layers.stream import Blob
from jettison.stores.choose import Origin
from jettison.stores.files import Files, FolderFiles, read_document, required
from jettison.stores.packed import blob_path


def open_oci_layout(reference: Reference, platform: Platform | None = None) -> Image:
    """The image tagged `reference.tag` (or the only one) in the layout folder `reference.path`, for
    `platform`.

    Raises `NotFoundError`, `UsageError` (which of several?), `PlatformError`, `HostError`, `RefusedError`.
    """
    if reference.path is None:
        raise UsageError(f"{reference} names no folder")
    return read_layout(FolderFiles(reference.path), reference, platform)


def read_layout(files: Files, reference: Reference, platform: Platform | None) -> Image:
    """The image that `reference` and `platform` choose of the layout `files`."""
    return layout_origin(files, reference).image(reference, platform)


def layout_origin(files: Files, reference: Reference) -> Origin:
    """What `reference` means in the layout `files`."""
    layout = document.parse_json(read_document(required(files, "oci-layout")), "the file oci-layout")
    if not str(layout.get("imageLayoutVersion", "")).startswith("1."):
        raise InvalidInputError(f"{reference} is not an OCI layout of version 1")
    index = parse_index(read_document(required(files, "index.json")))

    def read(descriptor: Descriptor) -> bytes:
        return read_document(_blob(files, descriptor))

    tops = tuple(_tagged(index.manifests, reference))
    return Origin(tops, read, lambda layers: [_blob(files, layer) for layer in layers])


def _tagged(entries: Sequence[Descriptor], reference: Reference) -> list[Descriptor]:
    """The entries of `index.json` that `reference` means."""
    listed = [entry for entry in entries if not entry.is_attestation]
    names = sorted({printable(entry.annotations.get(REF_NAME, "")) for entry in listed})
    hint = f"its tags: {', '.join(filter(None, names[:20]))}" if any(names) else "its images have no tags"
    if reference.tag is None:
        if len(names) > 1:
            raise UsageError(f"{reference} holds several images", hint=hint)
        return listed
    found = [entry for entry in listed if entry.annotations.get(REF_NAME) == reference.tag]
    if not found:
        raise NotFoundError(f"{reference}: the layout has no such tag", hint=hint)
    return found


def _blob(files: Files, descriptor: Descriptor) -> Blob:
    """The blob of a descriptor; it is verified when it is read, its size at once."""
    blob = required(files, blob_path(descriptor.digest), digest=descriptor.digest)
    if blob.size != descriptor.size:
        raise DigestError(f"{blob.what} has {blob.size} bytes, its descriptor says {descriptor.size}")
    return blob
