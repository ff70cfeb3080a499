"""Which of several images is meant: from an index to one platform's manifest, and from that to the image."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from jettison.errors import InvalidInputError, LimitError, NotFoundError, PlatformError
from jettison.image.config import parse_config
from jettison.image.digest import Digest
from jettison.image.manifest import CONFIGS, INDEXES, MANIFESTS, Descriptor, parse_index, parse_manifest
from jettison.image.platform import Platform, host_platform
from jettison.image.reference import Reference
from jettison.layers.layer import TarLayer
from jettison.layers.path import printable
from jettison.layers.stream import Blob
from jettison.limits import MAX_INDEX_DEPTH, MAX_MANIFESTS
from jettison.stores.image import StoredImage

Reader = Callable[[Descriptor], bytes]
"""Gives the bytes of a document, verified and bounded."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where manifests and indexes are kept as they are: a registry or a layout."""

    tops: tuple[Descriptor, ...]
    """What the reference means: one manifest or index, or all that a layout lists under one tag."""
    read: Reader
    blobs: Callable[[Sequence[Descriptor]], Sequence[Blob]]
    """The blobs of one manifest, which verify themselves."""

    @property
    def top(self) -> Descriptor:
        """The only one of `tops`, for which `is_index` was asked."""
        (top,) = self.tops
        return top

    @property
    def is_index(self) -> bool:
        """Whether one index is meant."""
        return len(self.tops) == 1 and self.tops[0].media_type in INDEXES

    def image(self, reference: Reference, platform: Platform | None) -> StoredImage:
        """The image for `platform`, by default this host's. Raises `NotFoundError`, `PlatformError`, and what
        `image_of` raises."""
        chosen = choose(list(images(self.tops, self.read)), platform, reference)
        return image_of(self.read(chosen), chosen.media_type, reference, self.read, self.blobs)


def images(entries: Sequence[Descriptor], read: Reader) -> Iterator[Descriptor]:
    """The manifests of images among `entries`, and in the indexes among them, in order; attestations are
    none. Raises `LimitError` for indexes that are nested too deep, and what `read` raises."""
    todo = [(entry, 1) for entry in reversed(entries)]
    seen: set[Digest] = set()
    while todo:
        entry, depth = todo.pop()
        if entry.is_attestation or entry.digest in seen:
            continue
        seen.add(entry.digest)
        if len(seen) > MAX_MANIFESTS or depth > MAX_INDEX_DEPTH:
            raise LimitError("the image nests too many indexes")
        if entry.media_type in MANIFESTS:
            yield entry
        elif entry.media_type in INDEXES:
            inner = parse_index(read(entry), media_type=entry.media_type)
            todo += [(below, depth + 1) for below in reversed(inner.manifests)]


def choose(found: Sequence[Descriptor], wanted: Platform | None, reference: Reference) -> Descriptor:
    """The first image for the wanted platform, by default this host's; a single one is taken whatever it is
    for. Raises `NotFoundError`, `PlatformError`."""
    if not found:
        raise NotFoundError(f"{reference} holds no image")
    if wanted is None and len(found) == 1:
        return found[0]
    target = wanted or host_platform()
    for image in found:
        if image.platform is None or target.matches(image.platform):
            return image
    offered = sorted({str(image.platform) for image in found})
    raise PlatformError(
        f"{reference} has no image for {target}", hint=f"it has: {printable(', '.join(offered))}"
    )


def image_of(
    raw_manifest: bytes,
    media_type: str,
    reference: Reference,
    read: Reader,
    blobs: Callable[[Sequence[Descriptor]], Sequence[Blob]],
) -> StoredImage:
    """The image that a manifest describes; `read` gives its config, `blobs` its layers.

    Raises `InvalidInputError` for what is no image or contradicts itself, and what `read` and `blobs` raise.
    """
    manifest = parse_manifest(raw_manifest, media_type=media_type)
    if manifest.config.media_type not in CONFIGS:
        raise InvalidInputError(f"{reference} is not an image: {printable(manifest.config.media_type)}")
    raw_config = read(manifest.config)
    config = parse_config(raw_config)
    if len(config.diff_ids) != len(manifest.layers):
        declared, listed = len(config.diff_ids), len(manifest.layers)
        raise InvalidInputError(f"{reference}: the config declares {declared} layers, the manifest {listed}")
    layers = [
        TarLayer(diff_id, blob) for diff_id, blob in zip(config.diff_ids, blobs(manifest.layers), strict=True)
    ]
    return StoredImage(str(reference), raw_config, config, layers, raw_manifest, manifest.media_type)
