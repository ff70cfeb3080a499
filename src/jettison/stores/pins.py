"""Digests that registries and servers have now, for those who pin by them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from jettison.errors import JettisonError, LimitError
from jettison.image.reference import parse_reference
from jettison.limits import MAX_PINNED_BYTES
from jettison.stores.http import Client, HttpError
from jettison.stores.registry.read import digest_of


class Outside:
    """Asks registries for images, and servers for files; each once. What fails is told to `note`."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._known: dict[str, str | None] = {}

    def of_image(self, name: str) -> str | None:
        """The digest of the manifest or index under `name` in its registry."""
        return self._ask(name, lambda: str(digest_of(parse_reference(f"docker://{name}"))))

    def of_address(self, url: str) -> str | None:
        """The SHA-256 of the file behind `url`; redirects are followed."""
        return self._ask(url, lambda: f"sha256:{_checksum(url)}")

    def _ask(self, what: str, ask: Callable[[], str]) -> str | None:
        if what not in self._known:
            try:
                self._known[what] = ask()
            except (JettisonError, HttpError) as error:
                self._note(f"{what} stays unpinned: {error}")
                self._known[what] = None
        return self._known[what]


def _checksum(url: str) -> str:
    digest, size = hashlib.sha256(), 0
    with Client() as client, client.get(url) as answer:
        for block in answer.pieces():
            size += len(block)
            if size > MAX_PINNED_BYTES:
                raise LimitError(f"it has over {MAX_PINNED_BYTES} bytes")
            digest.update(block)
    return digest.hexdigest()
