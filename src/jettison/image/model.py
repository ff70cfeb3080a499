"""What an image is: two small interfaces that every store implements and everything downstream takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from jettison.image.digest import Digest

if TYPE_CHECKING:
    from jettison.image.config import ImageConfig
    from jettison.layers.entry import Entry


class Layer(Protocol):
    """One layer: a change set, and the hash of its uncompressed tar."""

    @property
    def diff_id(self) -> Digest:
        """Digest of the uncompressed tar, as the config declares it."""

    @property
    def directory(self) -> Path | None:
        """The layer unpacked as an overlay lower folder (whiteouts as 0/0 character devices) if it already
        lies somewhere on this host in a form that may be mounted in place; else None."""

    def open(self) -> AbstractContextManager[BinaryIO]:
        """The uncompressed tar as a stream. Reading to the end verifies the diff_id (`DigestError`)."""

    def entries(self) -> Iterator[Entry]:
        """The entries, in an order in which parents come first where the layer has them."""


class Image(Protocol):
    """One platform's image, immutable."""

    @property
    def reference(self) -> str:
        """Where it came from, in the form the user can pass again."""

    @property
    def config(self) -> ImageConfig:
        """The parsed config."""

    @property
    def raw_config(self) -> bytes:
        """The config as it was received; its sha256 is the image id. Never re-serialised."""

    @property
    def manifest_digest(self) -> Digest | None:
        """Digest of the manifest; None where the source has none (Docker archives and engines without
        one)."""

    @property
    def annotations(self) -> Mapping[str, str]:
        """Those of the manifest (image-spec, annotations.md); empty where the source has none."""

    @property
    def layers(self) -> Sequence[Layer]:
        """Base first; as many as the config has diff_ids."""


def image_id(image: Image) -> Digest:
    """The image's id: the digest of its config (Docker image spec v1.2, "Terminology")."""
    return Digest.of(image.raw_config)
