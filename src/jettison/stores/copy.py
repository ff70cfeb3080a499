"""Copying an image from one place to another."""

from __future__ import annotations

from collections.abc import Callable

from jettison.image.reference import Transport, parse_reference
from jettison.image.validate import verify
from jettison.stores.open import open_image
from jettison.stores.publish import Published, publish


def copy_image(
    source: str,
    destination: str,
    *,
    platform: str | None = None,
    replace: bool = False,
    moved: Callable[[int, int], None] | None = None,
) -> Published:
    """Put the image that `source` names where `destination` says, after its layers were verified, packed and
    unpacked; on the way from a registry to where its manifest is kept, packed only.

    `platform` chooses from an index; `replace` overwrites an archive. Config and layers stay byte for byte,
    except that an engine gets zstd layers unpacked; the manifest does too, where source and destination
    have one. `moved` is told how far a pull is. Raises what `open_image` and `publish`
    raise, and `DigestError`.
    """
    image = open_image(source, platform=platform, moved=moved)
    if not _is_relayed(source, destination):
        verify(image)
    return publish(image, destination, source=source, replace=replace)


def _is_relayed(source: str, destination: str) -> bool:
    """Whether a registry's manifest and blobs stay as they are: the digests in the manifest then say all
    about them, and whoever unpacks the layers verifies their content."""
    keeping = (Transport.DOCKER, Transport.OCI, Transport.OCI_ARCHIVE)
    return (
        parse_reference(source).transport is Transport.DOCKER
        and parse_reference(destination).transport in keeping
    )
