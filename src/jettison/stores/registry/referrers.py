"""Documents about an image, kept beside it in its registry (distribution-spec, "Listing Referrers")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from jettison.errors import LimitError, NotFoundError
from jettison.image import document
from jettison.image.digest import Digest
from jettison.image.manifest import OCI_INDEX, OCI_MANIFEST, Descriptor, parse_index
from jettison.image.reference import Reference
from jettison.limits import MAX_MANIFESTS
from jettison.stores.registry.address import endpoint_of, sink
from jettison.stores.registry.client import Registry
from jettison.stores.registry.patience import patiently
from jettison.stores.registry.read import read_manifest
from jettison.stores.registry.write import put_blob, put_manifest

_EMPTY: Final = b"{}"
_EMPTY_TYPE: Final = "application/vnd.oci.empty.v1+json"
_TITLE: Final = "org.opencontainers.image.title"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document to be kept with an image."""

    name: str
    media_type: str
    content: bytes


def attach(reference: Reference, digest: Digest, attachments: list[Attachment]) -> None:
    """Keep `attachments` with the image `digest` in the repository of `reference`.

    What is there already stays; doing it twice changes nothing. Raises `RemoteError`, and `LimitError` for an
    image that has `MAX_MANIFESTS` already.
    """
    with Registry(sink(endpoint_of(reference)), push=True) as registry:
        raw, subject = read_manifest(registry, Reference(reference.transport, reference.name, digest=digest))
        put_blob(registry, _EMPTY)
        for attachment in attachments:
            put_blob(registry, attachment.content)
            manifest = _manifest(attachment, Descriptor(subject.media_type, digest, len(raw)))
            _put(registry, manifest, attachment, digest)


def _manifest(attachment: Attachment, subject: Descriptor) -> bytes:
    """An artifact manifest (image-spec, manifest.md, "Guidelines for Artifact Usage")."""
    content = Descriptor(
        attachment.media_type,
        Digest.of(attachment.content),
        len(attachment.content),
        annotations={_TITLE: attachment.name},
    )
    return document.canonical(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": attachment.media_type,
            "config": Descriptor(_EMPTY_TYPE, Digest.of(_EMPTY), len(_EMPTY)).as_json(),
            "layers": [content.as_json()],
            "subject": subject.as_json(),
        }
    )


def _put(registry: Registry, manifest: bytes, attachment: Attachment, subject: Digest) -> None:
    digest = Digest.of(manifest)
    put_manifest(registry, manifest, OCI_MANIFEST, str(digest))
    if _has_api(registry, subject):
        return
    tag = f"{subject.algorithm}-{subject.hex}"  # distribution-spec, "Referrers Tag Schema"
    listed: list[Any] = _listed(registry, tag)
    if any(entry.get("digest") == str(digest) for entry in listed):
        return
    if len(listed) >= MAX_MANIFESTS:
        raise LimitError(f"{subject} has {len(listed)} documents attached; the limit is {MAX_MANIFESTS}")
    entry = Descriptor(OCI_MANIFEST, digest, len(manifest)).as_json()
    listed = [*listed, entry | {"artifactType": attachment.media_type}]
    index: Mapping[str, Any] = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed}
    put_manifest(registry, document.canonical(index), OCI_INDEX, tag)


def _has_api(registry: Registry, subject: Digest) -> bool:
    """Whether the registry finds referrers by itself."""

    def once() -> bool:
        url = registry.url(f"referrers/{subject}")
        with registry.request("GET", url, "referrers", accept=(400, 404, 405)) as response:
            kind = response.headers.get("content-type", "").partition(";")[0]
            return response.status == 200 and kind == OCI_INDEX

    return patiently(once)


def _listed(registry: Registry, tag: str) -> list[Any]:
    try:
        raw, _headers = registry.document(f"manifests/{tag}", "the list of referrers", OCI_INDEX)
    except NotFoundError:
        return []
    parse_index(raw)
    return list(document.parse_json(raw, "the list of referrers")["manifests"])
