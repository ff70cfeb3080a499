"""The documents of a slim image, kept beside it where it was pushed to a registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from jettison.errors import RefusedError, RemoteError
from jettison.image.digest import Digest
from jettison.image.reference import Transport, parse_reference
from jettison.slim.result import PublishedImage

_TYPES: Final = {
    "sbom.cdx.json": "application/vnd.cyclonedx+json",
    "sbom.spdx.json": "application/spdx+json",
    "provenance.json": "application/vnd.in-toto+json",
}


def in_registries(published: Sequence[PublishedImage]) -> list[PublishedImage]:
    """Those of `published` that can have documents beside them."""
    return [each for each in published if parse_reference(each.reference).transport is Transport.DOCKER]


def attach_documents(published: Sequence[PublishedImage], documents: Mapping[str, bytes]) -> None:
    """Attach bills of materials and provenance of `documents` to each of `published`, all in registries.

    Raises `RemoteError`, which says that the image itself is there already.
    """
    if not published:
        return
    from jettison.stores.registry.referrers import Attachment, attach  # its imports cost others nothing

    wanted = [Attachment(name, kind, documents[name]) for name, kind in _TYPES.items() if name in documents]
    for each in published:
        try:
            attach(parse_reference(each.reference), Digest(each.digest), wanted)
        except (RemoteError, RefusedError) as error:
            raise RemoteError(
                f"{each.reference} is published; its bills of materials and provenance could not be "
                f"attached: {error}",
                hint="the image is complete and can be used; run slim again to attach them",
                details=error.details,
            ) from error
