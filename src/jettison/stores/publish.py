"""Putting an image where a reference says."""

from __future__ import annotations

from dataclasses import dataclass

from jettison.errors import UsageError
from jettison.image.digest import Digest
from jettison.image.model import Image
from jettison.image.reference import Reference, Transport, parse_reference
from jettison.stores.bare import destination
from jettison.stores.docker_archive.write import write_docker_archive
from jettison.stores.docker_daemon.write import write_daemon
from jettison.stores.oci_archive.write import write_oci_archive
from jettison.stores.oci_layout.write import write_oci_layout
from jettison.stores.packed import Collection, pack
from jettison.stores.podman.write import write_podman


@dataclass(frozen=True, slots=True)
class Published:
    """Where an image was put."""

    reference: str
    digest: Digest
    """The image id for engines and Docker archives, the digest of the manifest elsewhere."""


def publish(
    image: Image,
    text: str,
    *,
    source: str | None = None,
    replace: bool = False,
    docker_host: str | None = None,
) -> Published:
    """Put `image` where the reference `text` says; it appears there complete or not at all.

    A tag of an engine or a layout moves to the new image, as it does with `docker tag`; an archive that
    exists already is only overwritten with `replace`, and `source`, the reference of the image that this
    one was made from, never. A bare name is one of the source's engine, else of the Docker engine, else of
    Podman.

    Raises `UsageError`, `HostError` (disk full, no engine), `RemoteError`, and what reading the layers
    raises.
    """
    text = destination(text, source, docker_host=docker_host)
    reference = parse_reference(text)
    if source is not None and _is_same(reference, parse_reference(source)):
        raise UsageError(f"{text} is the source itself", hint="choose another name for the result")
    match reference.transport:
        case Transport.DOCKER_DAEMON | Transport.BARE:
            digest = write_daemon(image, _tagged(reference), docker_host=docker_host)
        case Transport.DOCKER_ARCHIVE:
            digest = write_docker_archive(pack(image), reference, replace=replace)
        case Transport.OCI_ARCHIVE:
            digest = write_oci_archive(pack(image).collection, reference, replace=replace)
        case Transport.OCI:
            digest = write_oci_layout(pack(image).collection, reference)
        case Transport.DOCKER:
            digest = _push(pack(image).collection, reference, source)
        case Transport.PODMAN:
            digest = write_podman(image, _tagged(reference))
    return Published(text, digest)


def keeps_indexes(reference: Reference) -> bool:
    """Whether images of several platforms can be kept there under one name."""
    return reference.transport in (Transport.DOCKER, Transport.OCI, Transport.OCI_ARCHIVE)


def publish_index(collection: Collection, text: str, *, source: str, replace: bool = False) -> Published:
    """As `publish`, an index with all that is in it, where `keeps_indexes` holds."""
    reference = parse_reference(text)
    if _is_same(reference, parse_reference(source)):
        raise UsageError(f"{text} is the source itself", hint="choose another name for the result")
    match reference.transport:
        case Transport.OCI_ARCHIVE:
            digest = write_oci_archive(collection, reference, replace=replace)
        case Transport.OCI:
            digest = write_oci_layout(collection, reference)
        case _:
            digest = _push(collection, reference, source)
    return Published(text, digest)


def _push(collection: Collection, reference: Reference, source: str | None) -> Digest:
    from jettison.stores.registry.write import write_registry  # its imports cost others nothing

    origin = parse_reference(source) if source is not None else None
    from_registry = origin if origin and origin.transport is Transport.DOCKER else None
    return write_registry(collection, _tagged(reference), source=from_registry)


def _tagged(reference: Reference) -> Reference:
    """`reference`, if an image can be called so."""
    if not reference.name or reference.digest:
        raise UsageError(f"an image cannot be stored as {reference}", hint="write NAME[:TAG]")
    return reference


def _is_same(one: Reference, other: Reference) -> bool:
    """Whether writing to `one` would overwrite `other`."""
    if one.path is not None and other.path is not None:
        same_tag = Transport.OCI not in (one.transport, other.transport) or one.tag == other.tag
        return same_tag and one.path.resolve() == other.path.resolve()
    if one.transport is Transport.DOCKER is other.transport:
        return one.canonical == other.canonical
    if one.transport is Transport.PODMAN is other.transport:
        return one.canonical == other.canonical
    engines = (Transport.DOCKER_DAEMON, Transport.BARE)
    return one.transport in engines and other.transport in engines and one.canonical == other.canonical
