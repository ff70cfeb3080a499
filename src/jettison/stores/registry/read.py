"""Images in registries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from jettison.errors import InvalidInputError, LimitError, RemoteError
from jettison.image import document
from jettison.image.digest import Digest
from jettison.image.manifest import INDEXES, MANIFESTS, Descriptor
from jettison.image.model import Image
from jettison.image.platform import Platform
from jettison.image.reference import Reference
from jettison.layers.path import printable
from jettison.layers.stream import Blob
from jettison.limits import MAX_JSON_BYTES
from jettison.stores.choose import Origin
from jettison.stores.registry.address import Endpoint, endpoint_of, sources
from jettison.stores.registry.client import Registry
from jettison.stores.registry.pull import Moved, Pull

T = TypeVar("T")

_ACCEPT = ", ".join(sorted(MANIFESTS | INDEXES))


def open_registry(
    reference: Reference, platform: Platform | None = None, moved: Moved | None = None
) -> Image:
    """The image that the registry has under `reference`, for `platform`; its layers come when the first is
    read, several at a time, and `moved` is told of them.

    Mirrors are asked first. Raises `NotFoundError`, `PlatformError`, `RemoteError`, `RefusedError`,
    `HostError`.
    """
    return _first(reference, lambda origin: origin.image(reference, platform), moved)


def registry_origin(reference: Reference, moved: Moved | None = None) -> Origin:
    """What `reference` means in its registry; raises as `open_registry` does."""
    return _first(reference, lambda origin: origin, moved)


def digest_of(reference: Reference) -> Digest:
    """The digest of the manifest or index that the registry has under `reference` now; raises as
    `open_registry` does."""
    return _first(reference, lambda origin: origin.top.digest, None)


def _first(reference: Reference, use: Callable[[Origin], T], moved: Moved | None) -> T:
    """What `use` makes of the first mirror that can serve, or of the registry itself."""
    *mirrors, last = sources(endpoint_of(reference))
    for mirror in mirrors:
        try:
            return use(_origin(mirror, reference, moved))
        except RemoteError:
            continue  # the registry itself has the last word
    return use(_origin(last, reference, moved))


def _origin(endpoint: Endpoint, reference: Reference, moved: Moved | None) -> Origin:
    registry = Registry(endpoint)
    raw, top = read_manifest(registry, reference)

    def read(descriptor: Descriptor) -> bytes:
        return raw if descriptor.digest == top.digest else read_descriptor(registry, descriptor)

    def blobs(layers: Sequence[Descriptor]) -> list[Blob]:
        pull = Pull(registry, layers, moved)
        return [pull.blob(layer) for layer in layers]

    return Origin((top,), read, blobs)


def read_manifest(registry: Registry, reference: Reference) -> tuple[bytes, Descriptor]:
    """The manifest or index under the tag or digest of `reference`, verified, and its descriptor."""
    wanted = str(reference.digest or reference.tag or "latest")
    what = f"the image {registry.endpoint.repository}{'@' if reference.digest else ':'}{wanted}"
    for attempt in range(2):
        raw, headers = registry.document(f"manifests/{wanted}", what, _ACCEPT)
        declared = str(reference.digest or headers.get("docker-content-digest", ""))
        if not declared or _has(raw, declared):
            break
        if attempt:
            raise RemoteError(
                f"{registry.endpoint} sends something else than {what}, which is {printable(declared)}"
            )
    kind = headers.get("content-type", "").partition(";")[0].strip()
    own = document.parse_json(raw, what).get("mediaType")
    media_type = own if isinstance(own, str) else kind
    if media_type not in MANIFESTS | INDEXES:
        hint = "push it again with a client of today" if "manifest.v1" in kind else ""
        raise InvalidInputError(f"{reference} is not an image: {printable(media_type or kind)}", hint=hint)
    return raw, Descriptor(media_type, reference.digest or Digest.of(raw), len(raw))


def read_descriptor(registry: Registry, descriptor: Descriptor) -> bytes:
    """The manifest or config that `descriptor` means, verified. Raises `LimitError`, `RemoteError`."""
    kind = "manifests" if descriptor.media_type in MANIFESTS | INDEXES else "blobs"
    what = f"the document {descriptor.digest} of {registry.endpoint}"
    if descriptor.size > MAX_JSON_BYTES:
        raise LimitError(f"{what} has {descriptor.size} bytes; the limit is {MAX_JSON_BYTES}")
    for _ in range(2):
        raw, _headers = registry.document(f"{kind}/{descriptor.digest}", what, descriptor.media_type)
        if len(raw) == descriptor.size and _has(raw, str(descriptor.digest)):
            return raw
    raise RemoteError(f"{registry.endpoint} sends something else than {what}")


def _has(raw: bytes, declared: str) -> bool:
    try:
        return Digest(declared).matches(raw)
    except InvalidInputError:
        return False
