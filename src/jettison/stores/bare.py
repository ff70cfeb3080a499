"""What a bare name means: the Docker engine's image, else Podman's, else a registry's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from jettison.errors import HostError, JettisonError, NotFoundError
from jettison.image.model import Image
from jettison.image.platform import Platform
from jettison.image.reference import Reference, Transport, parse_reference
from jettison.stores.docker_daemon.client import has_engine
from jettison.stores.docker_daemon.read import open_daemon
from jettison.stores.podman.client import has_podman
from jettison.stores.podman.read import open_podman

Opener = Callable[[], Image]


def open_bare(
    reference: Reference,
    platform: Platform | None,
    *,
    docker_host: str | None = None,
    moved: Callable[[int, int], None] | None = None,
) -> Image:
    """The image that `reference`, a bare name, means; its `reference` says where it was found.

    Only where an engine does not have it, or where there is none, the next place is asked: an engine that
    fails, or that this user may not speak to, might have another image under this name. Raises
    `NotFoundError` with what was tried, `HostError`, `RemoteError`, `RefusedError`.
    """
    tried = []
    for place, opener in _places(reference, platform, docker_host, moved):
        if opener is None:
            tried.append(f"{place}: not on this host")
            continue
        try:
            return opener()
        except NotFoundError:
            tried.append(f"{place}: has no such image")
        except JettisonError as error:
            error.details = (*tried, f"{place}: {error}", *error.details)
            raise
    raise NotFoundError(
        f"there is no image {reference.familiar!r}",
        hint="check the name, or say where it is, as in docker-daemon:NAME or docker://HOST/NAME",
        details=tuple(tried),
    )


def _places(
    reference: Reference,
    platform: Platform | None,
    docker_host: str | None,
    moved: Callable[[int, int], None] | None,
) -> Iterator[tuple[str, Opener | None]]:
    """Where the image may be, and how it is opened there; None where there is no such place."""
    docker = has_engine(docker_host)
    yield (
        "the Docker engine",
        (lambda: open_daemon(reference, docker_host=docker_host)) if docker else None,
    )
    there = replace(reference, transport=Transport.PODMAN)
    yield "Podman", (lambda: open_podman(there)) if has_podman() else None
    if not reference.name:  # an image id, which says nothing to a registry
        return
    from jettison.stores.registry.read import open_registry  # its imports cost others nothing

    remote = replace(reference, transport=Transport.DOCKER)
    host = reference.canonical.partition("/")[0]
    yield f"the registry {host}", lambda: open_registry(remote, platform, moved)


def destination(text: str, source: str | None, *, docker_host: str | None = None) -> str:
    """The reference that `text` means as a place to write to: a bare name is one of the engine that `source`
    is in, else of the Docker engine, else of Podman; a registry is only written to when it is named.

    Raises `UsageError` for what is no reference, `HostError` where there is no engine.
    """
    reference = parse_reference(text)
    if reference.transport is not Transport.BARE:
        return text
    origin = parse_reference(source).transport if source is not None else None
    in_docker = origin in (Transport.DOCKER_DAEMON, Transport.BARE)
    if origin is Transport.PODMAN:
        return str(replace(reference, transport=Transport.PODMAN))
    if in_docker or has_engine(docker_host):
        return text
    if has_podman():
        return str(replace(reference, transport=Transport.PODMAN))
    raise HostError(
        f"there is neither a Docker engine nor Podman here to hold {text}",
        hint="write it into a file, oci-archive:FILE or docker-archive:FILE, or to docker://HOST/NAME",
    )
