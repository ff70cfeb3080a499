"""Time stamps of reproducible output (reproducible-builds.org, SOURCE_DATE_EPOCH)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime

from jettison.errors import UsageError

_YEAR_10000 = 253_402_300_800


def source_date_epoch(environment: Mapping[str, str] = os.environ) -> int | None:
    """Seconds since the epoch that SOURCE_DATE_EPOCH asks for, None without it; raises `UsageError` if it
    is not a number."""
    text = environment.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and int(text) < _YEAR_10000):
        raise UsageError(f"SOURCE_DATE_EPOCH is {text[:50]!r}", hint="it must be whole seconds since 1970")
    return int(text)


def rfc3339(seconds: int) -> str:
    """`seconds` since the epoch as configs write it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def created_epoch(text: str) -> int:
    """Seconds since the epoch of RFC 3339 text; 0 for anything else that an image may say."""
    epoch = source_date_epoch()
    if epoch is not None:
        return epoch
    try:
        return max(0, int(datetime.fromisoformat(text).timestamp()))
    except (ValueError, OverflowError):
        return 0
