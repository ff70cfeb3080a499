"""Copying an image from one place to another."""

from __future__ import annotations

from jettison.image.validate import verify
from jettison.stores.open import open_image
from jettison.stores.publish import Published, publish


def copy_image(
    source: str, destination: str, *, platform: str | None = None, replace: bool = False
) -> Published:
    """Put the image that `source` names where `destination` says, after its layers were verified, packed and
    unpacked.

    `platform` chooses from an index; `replace` overwrites an archive. Config and layers stay byte for byte,
    except that an engine gets zstd layers unpacked; the manifest does too, where source and destination
    have one. Raises what `open_image` and `publish` raise, and `DigestError`.
    """
    image = open_image(source, platform=platform)
    verify(image)
    return publish(image, destination, source=source, replace=replace)
