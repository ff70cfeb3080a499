"""Images in registries."""

from __future__ import annotations

from collections.abc import Sequence

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
from jettison.stores.choose import choose, image_of, images
from jettison.stores.registry.address import Endpoint, endpoint_of, sources
from jettison.stores.registry.client import Registry
from jettison.stores.registry.pull import Moved, Pull

_ACCEPT = ", ".join(sorted(MANIFESTS | INDEXES))


def open_registry(
    reference: Reference, platform: Platform | None = None, moved: Moved | None = None
) -> Image:
    """The image that the registry has under `reference`, for `platform`; its layers come when the first is
    read, several at a time, and `moved` is told of them.

    Mirrors are asked first. Raises `NotFoundError`, `PlatformError`, `RemoteError`, `RefusedError`,
    `HostError`.
    """
    *mirrors, origin = sources(endpoint_of(reference))
    for mirror in mirrors:
        try:
            return _open(mirror, reference, platform, moved)
        except RemoteError:
            continue  # the origin has the last word
    return _open(origin, reference, platform, moved)


def _open(endpoint: Endpoint, reference: Reference, platform: Platform | None, moved: Moved | None) -> Image:
    registry = Registry(endpoint)

    def read(descriptor: Descriptor) -> bytes:
        return read_descriptor(registry, descriptor)

    def blobs(layers: Sequence[Descriptor]) -> list[Blob]:
        pull = Pull(registry, layers, moved)
        return [pull.blob(layer) for layer in layers]

    raw, top = read_manifest(registry, reference)
    if top.media_type in INDEXES:
        chosen = choose(
            list(images([top], lambda each: raw if each == top else read(each))), platform, reference
        )
        raw, top = raw if chosen == top else read(chosen), chosen
    return image_of(raw, top.media_type, reference, read, blobs)


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
