"""An image as the bytes that a store keeps: blobs and documents, each with its digest known."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence

from msgspec import Struct, structs

from jettison.errors import DigestError
from jettison.image import document
from jettison.image.digest import Digest
from jettison.image.manifest import OCI_INDEX, Descriptor, image_manifest, layer_descriptor
from jettison.image.model import Image, Layer
from jettison.layers.files import spool
from jettison.layers.layer import TarLayer
from jettison.layers.stream import BUFFER, Blob, Compression, Region, sniff
from jettison.limits import MAX_LAYER_BYTES
from jettison.stores.image import StoredImage


class PackedLayer(Struct, frozen=True):
    """A layer as it is stored."""

    diff_id: Digest
    digest: Digest
    """Of `blob`, which verifies it."""
    blob: Blob
    compression: Compression | None = None
    """None where the manifest that comes with the layer tells."""

    @property
    def descriptor(self) -> Descriptor:
        """Its OCI descriptor."""
        return layer_descriptor(self.digest, self.blob.size, self.compression or Compression.NONE)


class Document(Struct, frozen=True):
    """A manifest or an index."""

    descriptor: Descriptor
    raw: bytes


class Collection(Struct, frozen=True):
    """What is kept under one name, byte for byte: a manifest or an index, and all that it leads to."""

    raw: bytes
    media_type: str
    below: tuple[Document, ...] = ()
    """The manifests and indexes in it, each after those that it lists itself."""
    blobs: tuple[bytes | Blob, ...] = ()
    """Configs and layers, each once; those that are a `Blob` have a digest."""

    @property
    def descriptor(self) -> Descriptor:
        """The descriptor of `raw`."""
        return Descriptor(self.media_type, Digest.of(self.raw), len(self.raw))


class PackedImage(Struct, frozen=True):
    """An image as it is stored."""

    config: bytes
    manifest: bytes
    manifest_type: str
    layers: tuple[PackedLayer, ...]

    @property
    def config_digest(self) -> Digest:
        """The image id."""
        return Digest.of(self.config)

    @property
    def collection(self) -> Collection:
        """As layouts and registries keep it."""
        layers = {layer.digest: layer.blob for layer in self.layers}
        return Collection(self.manifest, self.manifest_type, blobs=(self.config, *layers.values()))


class Member(Struct, frozen=True):
    """A file of a layout."""

    path: str
    content: bytes | Blob

    @property
    def size(self) -> int:
        """Bytes of content."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.size


def pack(image: Image, *, without: frozenset[Compression] = frozenset()) -> PackedImage:
    """`image` as it is stored: config, layers and, where it has one, manifest byte for byte, except that
    layers with a compression in `without` are unpacked. Raises what reading the layers raises."""
    if isinstance(image, StoredImage) and image.raw_manifest is not None and not without:
        kept = tuple(_kept(layer) for layer in image.layers)
        return PackedImage(image.raw_config, image.raw_manifest, image.manifest_type, kept)
    layers = tuple(_pack(layer, without) for layer in image.layers)
    manifest = image_manifest(image.raw_config, [layer.descriptor for layer in layers])
    return PackedImage(image.raw_config, manifest.as_bytes(), manifest.media_type, layers)


def members(collection: Collection, index: bytes) -> Iterator[Member]:
    """The files of an OCI layout that holds `collection` alone."""
    yield Member("oci-layout", LAYOUT)
    yield Member("index.json", index)
    yield Member(blob_path(collection.descriptor.digest), collection.raw)
    for each in collection.below:
        yield Member(blob_path(each.descriptor.digest), each.raw)
    for blob in collection.blobs:
        yield Member(blob_path(digest_of(blob)), blob)


def digest_of(blob: bytes | Blob) -> Digest:
    """The digest of a blob of `Collection.blobs`."""
    if isinstance(blob, bytes):
        return Digest.of(blob)
    if blob.digest is None:
        raise DigestError(f"{blob.what} has no digest")
    return blob.digest


LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
"""Collection of the file `oci-layout` (image-spec, image-layout.md)."""


def index_of(descriptors: Sequence[Descriptor]) -> bytes:
    """An `index.json` that lists `descriptors`."""
    listed = [descriptor.as_json() for descriptor in descriptors]
    return document.canonical({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed})


def blob_path(digest: Digest) -> str:
    """Where a layout keeps the blob `digest`."""
    return f"blobs/{digest.algorithm}/{digest.hex}"


def _pack(layer: Layer, without: frozenset[Compression]) -> PackedLayer:
    if isinstance(layer, TarLayer):
        with layer.blob.open() as raw:
            compression = sniff(raw.read(8) or b"", layer.blob.what)
        if compression not in without:
            return _as_is(layer, compression)
    what = f"layer {layer.diff_id.short}"
    with layer.open() as stream:
        file = spool(stream, MAX_LAYER_BYTES, what)
        size = os.fstat(file.fileno()).st_size
    blob = Blob(lambda: Region(file, 0, size), size, layer.diff_id, what)
    return PackedLayer(layer.diff_id, layer.diff_id, blob, Compression.NONE)


def _kept(layer: Layer) -> PackedLayer:
    """A layer that the manifest describes already: nothing of it is read."""
    if isinstance(layer, TarLayer) and layer.blob.digest is not None:
        return PackedLayer(layer.diff_id, layer.blob.digest, layer.blob)
    return _pack(layer, frozenset())


def _as_is(layer: TarLayer, compression: Compression) -> PackedLayer:
    """The bytes of the layer; their digest is worked out where the source declares none."""
    blob = layer.blob
    digest = blob.digest or (layer.diff_id if compression is Compression.NONE else _digest(blob))
    return PackedLayer(layer.diff_id, digest, structs.replace(blob, digest=digest), compression)


def _digest(blob: Blob) -> Digest:
    hashed = hashlib.sha256()
    with blob.open() as raw:
        while piece := raw.read(BUFFER):
            hashed.update(piece)
    return Digest("sha256:" + hashed.hexdigest())
