"""What a tag or an address stands for right now: asked outside, and only when the user wants it."""

from __future__ import annotations

from typing import Protocol


class Pins(Protocol):
    """Answers are `sha256:…`; None where nobody answers."""

    def of_image(self, name: str) -> str | None:
        """The digest of the manifest or index under `name`, as in `docker.io/library/debian:12.5`."""

    def of_address(self, url: str) -> str | None:
        """The checksum of what a server sends for `url`."""
