"""An image that this program made: a config and layers in files, not yet in any store."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jettison.errors import InvalidInputError
from jettison.image.config import History, ImageConfig, parse_config, rewrite_config
from jettison.image.digest import Digest
from jettison.image.manifest import image_manifest, layer_descriptor
from jettison.image.model import Image
from jettison.layers.files import Handle
from jettison.layers.layer import TarLayer
from jettison.layers.stream import Blob, Region
from jettison.layers.write import LayerBlob


@dataclass(frozen=True, slots=True)
class NewImage:
    """A `jettison.image.model.Image` made of `LayerBlob`s."""

    reference: str
    raw_config: bytes
    config: ImageConfig
    blobs: tuple[LayerBlob, ...]
    layers: Sequence[TarLayer]

    @property
    def config_digest(self) -> Digest:
        """The image id."""
        return Digest.of(self.raw_config)

    @property
    def annotations(self) -> Mapping[str, str]:
        """None: those of the source are of its manifest."""
        return {}

    @property
    def manifest_digest(self) -> Digest:
        """The digest of its manifest in an OCI layout."""
        layers = [layer_descriptor(blob.digest, blob.size, blob.compression) for blob in self.blobs]
        return Digest.of(image_manifest(self.raw_config, layers).as_bytes())


def new_image(
    source: Image,
    blobs: Sequence[LayerBlob],
    *,
    history: Sequence[History],
    created: str,
    reference: str = "the new image",
) -> NewImage:
    """An image with the config of `source` and the layers `blobs`, base first.

    `history` describes them (as many entries without `empty_layer` as there are layers), `created` is RFC
    3339. The same arguments give the same digests. Raises `InvalidInputError` if the history does not fit,
    `HostError`.
    """
    if sum(not entry.empty_layer for entry in history) != len(blobs):
        raise InvalidInputError(f"{len(blobs)} layers do not fit a history of {len(history)} entries")
    raw = rewrite_config(
        source.raw_config, diff_ids=[blob.diff_id for blob in blobs], history=history, created=created
    )
    return NewImage(reference, raw, parse_config(raw), tuple(blobs), [_layer(blob) for blob in blobs])


def _layer(blob: LayerBlob) -> TarLayer:
    file = Handle(os.open(blob.path, os.O_RDONLY | os.O_CLOEXEC))
    what = f"the new layer {blob.digest.short}"
    return TarLayer(blob.diff_id, Blob(lambda: Region(file, 0, blob.size), blob.size, blob.digest, what))
