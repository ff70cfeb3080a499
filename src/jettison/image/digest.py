"""Content digests (OCI image-spec, descriptor.md, "Digests")."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from jettison.errors import InvalidInputError

_SHAPE = re.compile(r"(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})\Z")


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """A validated digest; there is no other way from outside text to a blob path, so `../` can never be in
    one.

    Raises `InvalidInputError` for anything that is not lower-case sha256 or sha512 (CVE-2024-3727 is what
    happens when that check is missing).
    """

    value: str

    def __post_init__(self) -> None:
        if not isinstance(self.value, str) or not _SHAPE.match(self.value):
            raise InvalidInputError(
                f"not a digest: {str(self.value)[:100]!r}", hint="sha256:… or sha512:… in lower case"
            )

    @property
    def algorithm(self) -> str:
        """`sha256` or `sha512`."""
        return self.value.partition(":")[0]

    @property
    def hex(self) -> str:
        """The hexadecimal part."""
        return self.value.partition(":")[2]

    @property
    def short(self) -> str:
        """Twelve hexadecimal digits, for people."""
        return self.hex[:12]

    @classmethod
    def of(cls, data: bytes) -> Digest:
        """The sha256 digest of `data`."""
        return cls("sha256:" + hashlib.sha256(data).hexdigest())

    def matches(self, data: bytes) -> bool:
        """Whether `data` has this digest."""
        return hashlib.new(self.algorithm, data).hexdigest() == self.hex

    def __str__(self) -> str:
        return self.value
