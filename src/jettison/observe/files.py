"""Evidence as a JSON document."""

from __future__ import annotations

from pathlib import Path

import msgspec

from jettison.errors import InvalidInputError, UsageError
from jettison.limits import MAX_EVIDENCE_BYTES
from jettison.observe.evidence import SCHEMA, Evidence


def encode(evidence: Evidence) -> bytes:
    """The document; the same evidence gives the same bytes."""
    return msgspec.json.encode(evidence, order="deterministic")


def decode(raw: bytes, name: str) -> Evidence:
    """The evidence in `raw`. Raises InvalidInputError with the JSON path for what is malformed."""
    try:
        evidence = msgspec.json.decode(raw, type=Evidence)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{name} is no evidence: {error}") from error
    if evidence.schema != SCHEMA:
        raise InvalidInputError(f"{name} has the schema {evidence.schema!r}; this version reads {SCHEMA!r}")
    return evidence


def load(path: Path) -> Evidence:
    """The evidence in the file `path`. Raises UsageError when it cannot be read, InvalidInputError as
    `decode`."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_EVIDENCE_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    if len(raw) > MAX_EVIDENCE_BYTES:
        raise InvalidInputError(f"{path} is larger than any evidence")
    return decode(raw, str(path))
