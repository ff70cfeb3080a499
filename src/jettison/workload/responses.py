"""What the workload saw: schema `jettison.responses/1`, kept in the evidence and compared by `verify`."""

from __future__ import annotations

import hashlib
from enum import StrEnum

from msgspec import Struct, field, structs

from jettison.limits import RESPONSE_TEXT_BYTES

SCHEMA = "jettison.responses/1"


class Kind(StrEnum):
    """What kind of step a response belongs to."""

    START = "start"
    """The application became ready, or did not."""
    BATCH = "batch"
    """The application did its work and ended by itself."""
    HTTP = "http"
    EXEC = "exec"
    HOST_EXEC = "host-exec"
    HEALTHCHECK = "healthcheck"


class Content(Struct, frozen=True, omit_defaults=True):
    """A body, an output or a file: always size and digest, and the text itself where it is text and not too
    long."""

    size: int
    """Bytes that were read."""
    digest: str
    """`sha256:` of those bytes."""
    text: str | None = None
    """The whole of it; None when it is binary or longer than `RESPONSE_TEXT_BYTES`."""
    head: str = ""
    """The first 16 bytes in hexadecimal, when there is no text."""
    truncated: bool = False
    """More would have come than was read."""

    def without_text(self) -> Content:
        """The same by its digest alone."""
        return structs.replace(self, text=None)


class Collector:
    """Takes bytes as they come, in bounded memory, and makes a `Content` of them."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._kept = bytearray()
        self.size = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self._hash.update(data)
        self.size += len(data)
        self._kept += data[: max(0, RESPONSE_TEXT_BYTES + 1 - len(self._kept))]

    def content(self, *, truncated: bool = False) -> Content:
        """Everything that was fed."""
        text = as_text(bytes(self._kept)) if self.size <= RESPONSE_TEXT_BYTES else None
        return Content(
            size=self.size,
            digest="sha256:" + self._hash.hexdigest(),
            text=text,
            head="" if text is not None else self._kept[:16].hex(),
            truncated=truncated,
        )


def as_text(data: bytes) -> str | None:
    """`data` as text, or None for what is binary.

    What is neither UTF-8 nor has a NUL is read as Latin-1: the mapping is one to one, which is all a
    comparison needs.
    """
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None if b"\0" in data else data.decode("latin-1")


def content_of(data: bytes, *, truncated: bool = False) -> Content:
    """`data` as a `Content`."""
    collector = Collector()
    collector.feed(data)
    return collector.content(truncated=truncated)


class Response(Struct, frozen=True, omit_defaults=True):
    """What one step of the workload got."""

    step: str
    kind: Kind
    at: float = 0.0
    """Wall clock (seconds since the epoch) when the step began: what tells a clock in a body from a wrong
    time."""
    seconds: float = 0.0
    """How long it took."""
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    """Header names in lower case; several of one name are joined by `, `; only those that say something
    lasting."""
    body: Content | None = None
    exit_code: int | None = None
    stdout: Content | None = None
    stderr: Content | None = None
    files: dict[str, Content] = field(default_factory=dict)
    """Files that a batch job wrote in a writable mount: path in the container → content."""
    endpoints: tuple[str, ...] = ()
    """Of the start: where it listens, as `http :3000`."""
    error: str = ""
    """Why there was no answer; empty when there was one."""

    @property
    def failed(self) -> bool:
        """No answer at all, or a command that did not end with 0. An HTTP status is an answer, whatever it
        says."""
        return bool(self.error) or (
            self.kind in (Kind.EXEC, Kind.HOST_EXEC, Kind.BATCH) and self.exit_code != 0
        )
