"""The image that every store makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jettison.errors import InvalidInputError
from jettison.image.config import ImageConfig
from jettison.image.digest import Digest
from jettison.image.manifest import OCI_MANIFEST, parse_manifest
from jettison.image.model import Layer


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A `jettison.image.model.Image`; raises `InvalidInputError` unless it has a layer for each diff_id."""

    reference: str
    raw_config: bytes
    config: ImageConfig
    layers: Sequence[Layer]
    raw_manifest: bytes | None = None
    """The manifest as it was received, where the store has one."""
    manifest_type: str = OCI_MANIFEST

    def __post_init__(self) -> None:
        declared, found = len(self.config.diff_ids), len(self.layers)
        if declared != found:
            raise InvalidInputError(
                f"{self.reference}: the config declares {declared} layers, the image has {found}"
            )

    @property
    def annotations(self) -> Mapping[str, str]:
        """See `jettison.image.model.Image.annotations`."""
        if self.raw_manifest is None:
            return {}
        return parse_manifest(self.raw_manifest, media_type=self.manifest_type).annotations

    @property
    def manifest_digest(self) -> Digest | None:
        """Digest of the manifest, where the store has one."""
        return Digest.of(self.raw_manifest) if self.raw_manifest is not None else None
