"""Copying an image from one place to another."""

from __future__ import annotations

from jettison.stores.open import open_image
from jettison.stores.publish import Published, publish


def copy_image(
    source: str, destination: str, *, platform: str | None = None, replace: bool = False
) -> Published:
    """Put the image that `source` names where `destination` says; every digest is verified on the way.

    `platform` chooses from an index; `replace` overwrites an archive. The config and the layers' tars stay
    byte for byte. Raises what `open_image` and `publish` raise.
    """
    return publish(open_image(source, platform=platform), destination, source=source, replace=replace)
