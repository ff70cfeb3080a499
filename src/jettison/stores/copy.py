"""Copying an image from one place to another."""

from __future__ import annotations

from collections.abc import Callable

from jettison.image.model import Image
from jettison.image.platform import Platform
from jettison.image.reference import Reference, Transport, parse_reference
from jettison.stores.choose import Origin
from jettison.stores.files import ArchiveFiles, FolderFiles
from jettison.stores.oci_layout.read import layout_origin
from jettison.stores.open import open_image
from jettison.stores.publish import Published, keeps_indexes, publish, publish_index
from jettison.stores.verified import verify
from jettison.stores.whole import verify_images, whole


def copy_image(
    source: str,
    destination: str,
    *,
    platform: str | None = None,
    replace: bool = False,
    moved: Callable[[int, int], None] | None = None,
) -> Published:
    """Put what `source` names where `destination` says, after its layers were verified, packed and unpacked;
    from a registry to where the manifest is kept, packed only: whoever unpacks them there verifies the rest.

    An index is copied whole where both sides can keep one, with attestations and nested indexes; `platform`
    chooses one of its images, and `replace` overwrites an archive. Everything stays byte for byte, except
    that an engine gets zstd layers unpacked, and that places without manifests get or lose one. `moved` is
    told how far a pull is. Raises what `open_image` and `publish` raise, and `DigestError`.
    """
    origin, target = parse_reference(source), parse_reference(destination)
    is_relayed = origin.transport is Transport.DOCKER and keeps_indexes(target)
    kept = _origin(origin, moved) if keeps_indexes(target) else None
    if kept is not None and kept.is_index and platform is None:
        collection = whole(kept)
        if not is_relayed:
            verify_images(kept, collection, origin)
        return publish_index(collection, destination, source=source, replace=replace)
    image: Image
    if kept is None:
        image = open_image(source, platform=platform, moved=moved)
    else:
        image = kept.image(origin, Platform.parse(platform) if platform else None)
    if not is_relayed:
        verify(image)
    return publish(image, destination, source=image.reference, replace=replace)


def _origin(reference: Reference, moved: Callable[[int, int], None] | None) -> Origin | None:
    """Where `reference` keeps manifests as they are; None for places that keep none."""
    match reference.transport:
        case Transport.DOCKER:
            from jettison.stores.registry.read import registry_origin  # its imports cost others nothing

            return registry_origin(reference, moved)
        case Transport.OCI if reference.path is not None:
            return layout_origin(FolderFiles(reference.path), reference)
        case Transport.OCI_ARCHIVE if reference.path is not None:
            return layout_origin(ArchiveFiles.at(reference.path), reference)
        case _:
            return None
