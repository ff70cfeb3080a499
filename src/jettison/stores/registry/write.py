"""Pushing images to registries (distribution-spec, "Push")."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode, urlsplit

from jettison.errors import RemoteError
from jettison.image.digest import Digest
from jettison.image.reference import Reference
from jettison.layers.stream import Blob, opened
from jettison.layers.tar import CHUNK
from jettison.limits import PARALLEL_BLOBS, UPLOAD_CHUNK_BYTES
from jettison.stores.http import Answer, Content
from jettison.stores.packed import Collection, digest_of
from jettison.stores.registry.address import endpoint_of, sink
from jettison.stores.registry.client import Registry
from jettison.stores.registry.patience import patiently

_BYTES = "application/octet-stream"


def write_registry(
    collection: Collection, reference: Reference, *, source: Reference | None = None
) -> Digest:
    """Push `collection` as `reference.tag`; the digest of its manifest or index.

    Blobs that are there already are not sent; those of `source`, a repository of the same registry, are
    mounted. The tag moves last, in one step. Raises `RemoteError`, and what reading the layers raises.
    """
    endpoint = sink(endpoint_of(reference))
    origin = endpoint_of(source) if source is not None else None
    mount = origin.repository if origin is not None and origin.host == endpoint.host else ""
    with Registry(endpoint, push=True, mount_from=mount) as registry:
        upload = _Upload(registry, mount)
        with ThreadPoolExecutor(PARALLEL_BLOBS, "push") as pool:
            for done in [pool.submit(upload.any, blob) for blob in collection.blobs]:
                done.result()
        for document in collection.below:
            put_manifest(
                registry, document.raw, document.descriptor.media_type, str(document.descriptor.digest)
            )
        return put_manifest(registry, collection.raw, collection.media_type, reference.tag or "latest")


def put_blob(registry: Registry, content: bytes) -> None:
    """Store a document, unless it is there already."""
    _Upload(registry, "").document(content)


def put_manifest(registry: Registry, raw: bytes, media_type: str, tag: str) -> Digest:
    """Put a manifest under `tag`, a tag or its digest; its digest."""
    digest = Digest.of(raw)

    def once() -> str:
        headers = {"Content-Type": media_type}
        url = registry.url(f"manifests/{tag}")
        with registry.request("PUT", url, "the manifest", headers=headers, content=raw) as response:
            return str(response.headers.get("docker-content-digest", ""))

    said = patiently(once)
    if said not in ("", str(digest)):
        raise RemoteError(f"{registry.endpoint} has stored something else than {digest}")
    return digest


class _Upload:
    """Blobs on their way into one repository."""

    def __init__(self, registry: Registry, mount: str) -> None:
        self._registry = registry
        self._mount = mount

    def any(self, blob: bytes | Blob) -> None:
        """Store a document or a blob."""
        if isinstance(blob, bytes):
            self.document(blob)
        else:
            self.blob(blob)

    def document(self, content: bytes) -> None:
        """Store a document."""
        digest = Digest.of(content)
        if not self._has(digest):
            patiently(lambda: self._put(self._begin(digest), digest, content, len(content)))

    def blob(self, blob: Blob) -> None:
        """Store a blob, unless it is there already or can be mounted."""
        digest = digest_of(blob)
        if self._has(digest) or self._is_mounted(digest):
            return
        if blob.size <= UPLOAD_CHUNK_BYTES:
            patiently(lambda: self._put(self._begin(digest), digest, lambda: _pieces(blob), blob.size))
        else:
            self._in_chunks(blob, digest)

    def _has(self, digest: Digest) -> bool:
        def once() -> bool:
            url = self._registry.url(f"blobs/{digest}")
            with self._registry.request("HEAD", url, f"the blob {digest.short}", accept=(404,)) as response:
                return response.status == 200

        return patiently(once)

    def _is_mounted(self, digest: Digest) -> bool:
        if not self._mount:
            return False

        def once() -> bool:
            url = self._registry.url(f"blobs/uploads/?mount={digest}&from={self._mount}")
            with self._registry.request("POST", url, "a mount", accept=(403, 404, 405)) as response:
                return response.status == 201

        return patiently(once)

    def _begin(self, digest: Digest) -> str:
        """Begin an upload; where it goes."""
        url = self._registry.url("blobs/uploads/")
        with self._registry.request("POST", url, f"an upload of {digest.short}", content=b"") as response:
            return self._location(response)

    def _put(self, location: str, digest: Digest, content: Content, size: int) -> None:
        """Send (the rest of) a blob, and end its upload."""
        separator = "&" if urlsplit(location).query else "?"
        target = f"{location}{separator}{urlencode({'digest': str(digest)})}"
        headers = {"Content-Type": _BYTES, "Content-Length": str(size)}
        with self._registry.request(
            "PUT", target, f"the blob {digest.short}", headers=headers, content=content
        ):
            pass

    def _in_chunks(self, blob: Blob, digest: Digest) -> None:
        """Send a large blob piece by piece; a broken chunk is sent again from where the registry got to."""
        location = patiently(lambda: self._begin(digest))
        with opened(blob) as stream:
            start = 0
            while start < blob.size:
                chunk = stream.read(UPLOAD_CHUNK_BYTES)
                location = self._chunk(location, chunk, start, digest)
                start += len(chunk)
            stream.read(1)  # the end is where the digest is verified
        patiently(lambda: self._put(location, digest, b"", 0))

    def _chunk(self, location: str, chunk: bytes, start: int, digest: Digest) -> str:
        """Send `chunk`, which begins at `start`; where the next one goes."""
        tried = False

        def once() -> str:
            nonlocal tried
            where, sent = location, 0
            if tried:  # how far did the attempt before get?
                where, count = self._status(location, digest)
                sent = max(0, count - start)
            tried = True
            if sent >= len(chunk):
                return where
            rest = chunk[sent:]
            headers = {
                "Content-Type": _BYTES,
                "Content-Range": f"{start + sent}-{start + len(chunk) - 1}",
            }
            what = f"a part of the blob {digest.short}"
            with self._registry.request("PATCH", where, what, headers=headers, content=rest) as response:
                return self._location(response)

        return patiently(once)

    def _status(self, location: str, digest: Digest) -> tuple[str, int]:
        """Where an upload goes on, and how many bytes of it the registry has."""
        with self._registry.request("GET", location, f"the upload of {digest.short}") as response:
            last = response.headers.get("range", "").rpartition("-")[2]
            where = self._location(response) if "location" in response.headers else location
            return where, int(last) + 1 if last.isascii() and last.isdigit() and last != "0" else 0

    def _location(self, response: Answer) -> str:
        return self._registry.resolve(response.url, response.headers.get("location", ""))


def _pieces(blob: Blob) -> Iterator[bytes]:
    with opened(blob) as stream:
        while piece := stream.read(CHUNK):
            yield piece
