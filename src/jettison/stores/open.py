"""Opening the image that a reference names."""

from __future__ import annotations

from collections.abc import Callable

from jettison.image.model import Image
from jettison.image.platform import Platform
from jettison.image.reference import Transport, parse_reference
from jettison.stores.docker_archive.read import open_docker_archive
from jettison.stores.oci_archive.read import open_oci_archive
from jettison.stores.oci_layout.read import open_oci_layout


def open_image(
    text: str,
    *,
    platform: str | None = None,
    docker_host: str | None = None,
    moved: Callable[[int, int], None] | None = None,
) -> Image:
    """The image that the reference `text` names; a bare name is looked up in the Docker engine,
    else in Podman, else in the registry.

    `platform` (`os/architecture[/variant]`) chooses from an index; by default this host's. `docker_host`
    overrides DOCKER_HOST; `moved` is told how many bytes came from a registry, and of how many. Nothing but
    documents is read yet. Raises `UsageError`, `NotFoundError`, `HostError`, `RemoteError`, `RefusedError`.
    """
    reference = parse_reference(text)
    wanted = Platform.parse(platform) if platform else None
    match reference.transport:
        case Transport.BARE:
            from jettison.stores.bare import open_bare  # an HTTP client costs files nothing

            return open_bare(reference, wanted, docker_host=docker_host, moved=moved)
        case Transport.DOCKER_DAEMON:
            from jettison.stores.docker_daemon.read import open_daemon

            return open_daemon(reference, docker_host=docker_host)
        case Transport.DOCKER_ARCHIVE:
            return open_docker_archive(reference)
        case Transport.OCI_ARCHIVE:
            return open_oci_archive(reference, wanted)
        case Transport.OCI:
            return open_oci_layout(reference, wanted)
        case Transport.PODMAN:
            from jettison.stores.podman.read import open_podman

            return open_podman(reference)
        case Transport.DOCKER:
            from jettison.stores.registry.read import open_registry

            return open_registry(reference, wanted, moved)
