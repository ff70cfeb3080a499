"""Labels: which a stage has, and what their values have to look like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from jettison.lint.build import Stage
from jettison.lint.rule import Context
from jettison.lint.rules._users import lineage
from jettison.lint.syntax import KeyValue, Pair

_OCI: Final = "org.opencontainers.image."
OCI_TYPES: Final = {
    f"{_OCI}created": "rfc3339",
    f"{_OCI}url": "url",
    f"{_OCI}source": "url",
    f"{_OCI}documentation": "url",
    f"{_OCI}licenses": "spdx",
}
"""Types that the OCI specification gives to its own keys."""
DESCRIPTIONS: Final = {
    "text": "text",
    "url": "URL",
    "rfc3339": "time as RFC 3339 writes it",
    "spdx": "SPDX licence expression",
    "hash": "hash of a commit",
    "semver": "semantic version",
    "email": "address for mail",
}
_PATTERNS: Final = {
    "text": re.compile(r".+", re.DOTALL),
    "hash": re.compile(r"[0-9a-f]{7,40}|[0-9a-f]{64}"),
    "email": re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)*"),
    "semver": re.compile(
        r"(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}"
        r"(?:-(?:0|[1-9]\d*|\d*[a-zA-Z-][\w-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][\w-]*))*)?(?:\+[\w-]+(?:\.[\w-]+)*)?",
        re.ASCII,
    ),
    "rfc3339": re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII),
}


def own_labels(stage: Stage, context: Context) -> Iterator[tuple[Pair, str | None, str | None]]:
    """The labels that a stage sets itself: key and value, None where one is not known before the build."""
    for node in stage.all("LABEL"):
        if isinstance(node, KeyValue):
            for pair in node.pairs:
                value = None if pair.value is None else context.build.expand(pair.value.text, node)
                yield pair, context.build.expand(pair.key.text, node), value


def labels(stage: Stage, context: Context) -> Iterator[tuple[Pair, str | None, str | None]]:
    """Those of a stage and the stages that it is built on."""
    for member in lineage(stage):
        yield from own_labels(member, context)


def fits(value: str, kind: str) -> bool:
    """Whether a value is of a type."""
    if kind == "url":
        return _is_url(value)
    if kind == "spdx":
        return _is_licence(value)
    if not _PATTERNS[kind].fullmatch(value):
        return False
    return kind != "rfc3339" or _is_time(value)


def _is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return bool(parts.scheme and parts.netloc) and not re.search(r"\s", value)


def _is_time(value: str) -> bool:
    """Whether day and hour exist; a leap second does."""
    try:
        datetime.fromisoformat(re.sub(r":60(?=\D|\Z)", ":59", value[:19].upper().replace(" ", "T")))
    except ValueError:
        return False
    return True


def _is_licence(value: str) -> bool:
    try:
        canonicalize_license_expression(value)
    except InvalidLicenseExpression:
        return False
    return True
