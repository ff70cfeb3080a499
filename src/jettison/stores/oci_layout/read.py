"""Images in OCI layouts (image-spec, image-layout.md), in a folder or in a tar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jettison.errors import (
    DigestError,
    InvalidInputError,
    LimitError,
    NotFoundError,
    PlatformError,
    UsageError,
)
from jettison.image import document
from jettison.image.config import parse_config
from jettison.image.digest import Digest
from jettison.image.manifest import (
    CONFIGS,
    INDEXES,
    MANIFESTS,
    REF_NAME,
    Descriptor,
    parse_index,
    parse_manifest,
)
from jettison.image.model import Image
from jettison.image.platform import Platform, host_platform
from jettison.image.reference import Reference
from jettison.layers.layer import TarLayer
from jettison.layers.path import printable
from jettison.layers.stream import Blob
from jettison.limits import MAX_INDEX_DEPTH, MAX_MANIFESTS
from jettison.stores.files import Files, FolderFiles, read_document, required
from jettison.stores.image import StoredImage
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
    layout = document.parse_json(read_document(required(files, "oci-layout")), "the file oci-layout")
    if not str(layout.get("imageLayoutVersion", "")).startswith("1."):
        raise InvalidInputError(f"{reference} is not an OCI layout of version 1")
    index = parse_index(read_document(required(files, "index.json")))
    tagged = _tagged(index.manifests, reference)
    chosen = _choose(list(_images(files, tagged)), platform, reference)
    return _image(files, chosen, reference)


def _tagged(entries: Sequence[Descriptor], reference: Reference) -> list[Descriptor]:
    """The entries of `index.json` that `reference` means."""
    images = [entry for entry in entries if not entry.is_attestation]
    names = sorted({printable(entry.annotations.get(REF_NAME, "")) for entry in images})
    hint = f"its tags: {', '.join(filter(None, names[:20]))}" if any(names) else "its images have no tags"
    if reference.tag is None:
        if len(names) > 1:
            raise UsageError(f"{reference} holds several images", hint=hint)
        return images
    found = [entry for entry in images if entry.annotations.get(REF_NAME) == reference.tag]
    if not found:
        raise NotFoundError(f"{reference}: the layout has no such tag", hint=hint)
    return found


def _images(files: Files, entries: Sequence[Descriptor]) -> Iterator[Descriptor]:
    """The manifests of images among `entries`, and in the indexes among them, in order."""
    todo = [(entry, 1) for entry in reversed(entries)]
    seen: set[Digest] = set()
    while todo:
        entry, depth = todo.pop()
        if entry.is_attestation or entry.digest in seen:
            continue
        seen.add(entry.digest)
        if len(seen) > MAX_MANIFESTS or depth > MAX_INDEX_DEPTH:
            raise LimitError("the layout nests too many indexes")
        if entry.media_type in MANIFESTS:
            yield entry
        elif entry.media_type in INDEXES:
            inner = parse_index(read_document(_blob(files, entry)), media_type=entry.media_type)
            todo += [(below, depth + 1) for below in reversed(inner.manifests)]


def _choose(images: Sequence[Descriptor], wanted: Platform | None, reference: Reference) -> Descriptor:
    """The first image for the wanted platform, by default this host's; a single one is taken whatever it is
    for."""
    if not images:
        raise NotFoundError(f"{reference} holds no image")
    if wanted is None and len(images) == 1:
        return images[0]
    target = wanted or host_platform()
    for image in images:
        if image.platform is None or target.matches(image.platform):
            return image
    offered = sorted({str(image.platform) for image in images})
    raise PlatformError(
        f"{reference} has no image for {target}", hint=f"it has: {printable(', '.join(offered))}"
    )


def _image(files: Files, descriptor: Descriptor, reference: Reference) -> Image:
    raw_manifest = read_document(_blob(files, descriptor))
    manifest = parse_manifest(raw_manifest, media_type=descriptor.media_type)
    if manifest.config.media_type not in CONFIGS:
        raise InvalidInputError(f"{reference} is not an image: {printable(manifest.config.media_type)}")
    raw_config = read_document(_blob(files, manifest.config))
    config = parse_config(raw_config)
    if len(config.diff_ids) != len(manifest.layers):
        declared, listed = len(config.diff_ids), len(manifest.layers)
        raise InvalidInputError(f"{reference}: the config declares {declared} layers, the manifest {listed}")
    blobs = [_blob(files, layer) for layer in manifest.layers]
    layers = [TarLayer(diff_id, blob) for diff_id, blob in zip(config.diff_ids, blobs, strict=True)]
    return StoredImage(str(reference), raw_config, config, layers, raw_manifest, manifest.media_type)


def _blob(files: Files, descriptor: Descriptor) -> Blob:
    """The blob of a descriptor; it is verified when it is read, its size at once."""
    blob = required(files, blob_path(descriptor.digest), digest=descriptor.digest)
    if blob.size != descriptor.size:
        raise DigestError(f"{blob.what} has {blob.size} bytes, its descriptor says {descriptor.size}")
    return blob
