"""Descriptors, manifests and indexes (OCI image-spec, descriptor.md, manifest.md, image-index.md; Docker's
schema 2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from msgspec import Meta, Struct, to_builtins

from jettison.errors import InvalidInputError
from jettison.image import document
from jettison.image.digest import Digest
from jettison.image.platform import Platform
from jettison.layers.path import printable
from jettison.limits import MAX_LAYERS, MAX_MANIFESTS

OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
OCI_LAYER: Final = "application/vnd.oci.image.layer.v1.tar"
DOCKER_INDEX: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG: Final = "application/vnd.docker.container.image.v1+json"
INDEXES: Final = frozenset({OCI_INDEX, DOCKER_INDEX})
MANIFESTS: Final = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
CONFIGS: Final = frozenset({OCI_CONFIG, DOCKER_CONFIG})
REF_NAME: Final = "org.opencontainers.image.ref.name"
_ATTESTATION: Final = "vnd.docker.reference.type"

Size = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class _Platform(Struct, frozen=True):
    os: str = ""
    architecture: str = ""
    variant: str = ""


class _Descriptor(Struct, frozen=True, rename="camel"):
    media_type: str
    digest: str
    size: Size
    platform: _Platform | None = None
    annotations: dict[str, str] = {}


class _Manifest(Struct, frozen=True, rename="camel"):
    schema_version: Annotated[int, Meta(ge=2, le=2)]
    config: _Descriptor
    layers: Annotated[list[_Descriptor], Meta(max_length=MAX_LAYERS)]
    media_type: str = ""
    artifact_type: str = ""
    annotations: dict[str, str] = {}


class _Index(Struct, frozen=True, rename="camel"):
    schema_version: Annotated[int, Meta(ge=2, le=2)]
    manifests: Annotated[list[_Descriptor], Meta(max_length=MAX_MANIFESTS)]
    media_type: str = ""
    annotations: dict[str, str] = {}


class Descriptor(Struct, frozen=True):
    """What is known of a blob before it is read: its type, digest and size in bytes."""

    media_type: str
    digest: Digest
    size: int
    platform: Platform | None = None
    annotations: dict[str, str] = {}

    @property
    def is_attestation(self) -> bool:
        """Provenance or an SBOM that BuildKit put beside the images (attestation-storage.md); never an
        image."""
        unknown = self.platform is not None and self.platform.os == self.platform.architecture == "unknown"
        return unknown or _ATTESTATION in self.annotations

    def as_json(self) -> dict[str, Any]:
        """The descriptor as a JSON object, without empty members."""
        value: dict[str, Any] = {"mediaType": self.media_type, "digest": str(self.digest), "size": self.size}
        if self.platform is not None:
            value["platform"] = {k: v for k, v in _platform_json(self.platform).items() if v}
        return value | ({"annotations": dict(self.annotations)} if self.annotations else {})


class Manifest(Struct, frozen=True):
    """One platform's image: its config and its layers, base first."""

    config: Descriptor
    layers: tuple[Descriptor, ...]
    media_type: str = OCI_MANIFEST
    artifact_type: str = ""
    annotations: dict[str, str] = {}

    def as_bytes(self) -> bytes:
        """Canonical JSON; the same manifest always has the same digest."""
        value: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": self.media_type,
            "config": self.config.as_json(),
            "layers": [layer.as_json() for layer in self.layers],
        }
        return document.canonical(
            value | ({"annotations": dict(self.annotations)} if self.annotations else {})
        )


class Index(Struct, frozen=True):
    """A list of manifests or further indexes."""

    manifests: tuple[Descriptor, ...]
    media_type: str = OCI_INDEX
    annotations: dict[str, str] = {}


def layer_descriptor(digest: Digest, size: int, compression: str) -> Descriptor:
    """The OCI descriptor of a layer; `compression` is `none`, `gzip` or `zstd`."""
    return Descriptor(OCI_LAYER if compression == "none" else f"{OCI_LAYER}+{compression}", digest, size)


def image_manifest(raw_config: bytes, layers: Sequence[Descriptor]) -> Manifest:
    """The OCI manifest of an image."""
    return Manifest(Descriptor(OCI_CONFIG, Digest.of(raw_config), len(raw_config)), tuple(layers))


def parse_manifest(raw: bytes, *, media_type: str = "") -> Manifest:
    """The manifest in `raw`; `media_type` is what its descriptor said.

    Raises `InvalidInputError` if it is malformed, is of another media type than declared, or could be read
    as an index too (CVE-2021-41190).
    """
    value = _document(raw, "the manifest", forbidden=("manifests", "fsLayers", "history", "signatures"))
    parsed = document.convert(value, _Manifest, "the manifest")
    _same_type(parsed.media_type, media_type, MANIFESTS, "the manifest")
    return Manifest(
        config=_descriptor(parsed.config),
        layers=tuple(map(_descriptor, parsed.layers)),
        media_type=parsed.media_type or media_type or OCI_MANIFEST,
        artifact_type=parsed.artifact_type,
        annotations=parsed.annotations,
    )


def parse_index(raw: bytes, *, media_type: str = "") -> Index:
    """The index in `raw`; raises as `parse_manifest` does."""
    value = _document(
        raw, "the image index", forbidden=("layers", "config", "fsLayers", "history", "signatures")
    )
    parsed = document.convert(value, _Index, "the image index")
    _same_type(parsed.media_type, media_type, INDEXES, "the image index")
    return Index(
        manifests=tuple(map(_descriptor, parsed.manifests)),
        media_type=parsed.media_type or media_type or OCI_INDEX,
        annotations=parsed.annotations,
    )


def _document(raw: bytes, what: str, *, forbidden: tuple[str, ...]) -> dict[str, Any]:
    value = document.parse_json(raw, what)
    confused = [key for key in forbidden if key in value]
    if confused:
        raise InvalidInputError(f"{what} has the field {confused[0]!r} of another kind of document")
    value = document.without_nulls(value)
    for key in ("layers", "manifests"):
        if isinstance(value.get(key), list):
            value[key] = [
                document.without_nulls(item) if isinstance(item, dict) else item for item in value[key]
            ]
    return value


def _same_type(own: str, declared: str, allowed: frozenset[str], what: str) -> None:
    if own and declared and own != declared:
        raise InvalidInputError(
            f"{what} says it is {printable(own)!r}, its descriptor says {printable(declared)!r}"
        )
    if (own or declared) not in allowed | {""}:
        raise InvalidInputError(
            f"{what} has the media type {printable(own or declared)!r}, which is not an image's"
        )


def _descriptor(parsed: _Descriptor) -> Descriptor:
    platform = Platform(**to_builtins(parsed.platform)) if parsed.platform else None
    return Descriptor(parsed.media_type, Digest(parsed.digest), parsed.size, platform, parsed.annotations)


def _platform_json(platform: Platform) -> dict[str, str]:
    return {"architecture": platform.architecture, "os": platform.os, "variant": platform.variant}
