"""An index with all that it leads to: the images of every platform, nested indexes, attestations."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.errors import LimitError
from jettison.image.digest import Digest
from jettison.image.manifest import CONFIGS, INDEXES, MANIFESTS, Descriptor, parse_index, parse_manifest
from jettison.image.reference import Reference
from jettison.layers.stream import Blob
from jettison.limits import MAX_INDEX_DEPTH, MAX_MANIFESTS
from jettison.stores.choose import Origin, image_of
from jettison.stores.packed import Collection, Document
from jettison.stores.verified import verify


def whole(origin: Origin) -> Collection:
    """The index that `origin` has, with everything in it, byte for byte; no layer is read yet.

    Raises `LimitError` for too many or too deeply nested documents, and what reading them raises.
    """
    raw = origin.read(origin.top)
    found = _Walk(origin)
    found.index(raw, origin.top, 1)
    return Collection(raw, origin.top.media_type, tuple(found.documents), tuple(found.blobs.values()))


def verify_images(origin: Origin, collection: Collection, reference: Reference) -> None:
    """Read every layer of every image in `collection`; raises `DigestError` for one that does not unpack to
    what its config declares. Attestations are no images, and are verified where they are copied."""
    for document in _images(collection):
        media_type = document.descriptor.media_type
        verify(image_of(document.raw, media_type, reference, origin.read, origin.blobs))


def _images(collection: Collection) -> Iterator[Document]:
    for document in collection.below:
        descriptor = document.descriptor
        if descriptor.media_type not in MANIFESTS or descriptor.is_attestation:
            continue
        manifest = parse_manifest(document.raw, media_type=descriptor.media_type)
        if manifest.config.media_type in CONFIGS:
            yield document


class _Walk:
    """Collects what an index leads to, what is listed before what lists it."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._seen: set[Digest] = {origin.top.digest}
        self.documents: list[Document] = []
        self.blobs: dict[Digest, Blob] = {}

    def index(self, raw: bytes, descriptor: Descriptor, depth: int) -> None:
        """Take what the index `raw` lists."""
        if depth > MAX_INDEX_DEPTH:
            raise LimitError("the image nests too many indexes")
        for entry in parse_index(raw, media_type=descriptor.media_type).manifests:
            if entry.digest in self._seen:
                continue
            self._seen.add(entry.digest)
            if len(self._seen) > MAX_MANIFESTS:
                raise LimitError(f"the image has more than {MAX_MANIFESTS} manifests")
            self._entry(entry, depth)

    def _entry(self, entry: Descriptor, depth: int) -> None:
        if entry.media_type in INDEXES:
            raw = self._origin.read(entry)
            self.index(raw, entry, depth + 1)
            self.documents.append(Document(entry, raw))
        elif entry.media_type in MANIFESTS:
            raw = self._origin.read(entry)
            manifest = parse_manifest(raw, media_type=entry.media_type)
            self._take([manifest.config, *manifest.layers])
            self.documents.append(Document(entry, raw))
        else:
            self._take([entry])

    def _take(self, descriptors: list[Descriptor]) -> None:
        new = [each for each in descriptors if each.digest not in self.blobs]
        for descriptor, blob in zip(new, self._origin.blobs(new), strict=True):
            self.blobs[descriptor.digest] = blob
