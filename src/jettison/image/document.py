"""Strict JSON for documents from outside: I-JSON as the OCI image-spec asks for (considerations.md, "JSON").

`json` alone keeps the last of duplicate keys, accepts NaN and ends deep nesting with a RecursionError; each
of these lets two programs read two different images from the same bytes, or ends this one.
"""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

import msgspec

from jettison.errors import InvalidInputError, LimitError
from jettison.layers.path import printable
from jettison.limits import MAX_JSON_BYTES, MAX_JSON_DEPTH

T = TypeVar("T")
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)


def parse_json(raw: bytes, what: str) -> dict[str, Any]:
    """The JSON object in `raw`; `what` names it in errors.

    Raises `InvalidInputError` for anything but one UTF-8 object with distinct keys, finite numbers and no
    lone surrogates, `LimitError` over `MAX_JSON_BYTES` or `MAX_JSON_DEPTH`.
    """
    value = _parse(raw, what)
    if not isinstance(value, dict):
        raise InvalidInputError(f"{what} is not a JSON object")
    return value


def parse_json_list(raw: bytes, what: str) -> list[Any]:
    """The JSON array in `raw`, read as strictly as `parse_json` does."""
    value = _parse(raw, what)
    if not isinstance(value, list):
        raise InvalidInputError(f"{what} is not a JSON array")
    return value


def convert(value: object, kind: type[T], what: str) -> T:
    """`value` as the struct `kind`; errors carry the JSON path of what does not fit (`$.layers[3].size`)."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise InvalidInputError(f"{what}: {printable(str(error))}") from None


def canonical(value: object) -> bytes:
    """`value` as compact UTF-8 JSON with sorted keys: the same value always gives the same bytes."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def without_nulls(value: dict[str, Any]) -> dict[str, Any]:
    """`value` without members that are null: Go writes null for an empty list or map."""
    return {key: member for key, member in value.items() if member is not None}


def _parse(raw: bytes, what: str) -> Any:
    if len(raw) > MAX_JSON_BYTES:
        raise LimitError(f"{what} is {len(raw)} bytes long; the limit is {MAX_JSON_BYTES}")
    _check_depth(raw, what)
    try:
        value = json.loads(raw.decode(), object_pairs_hook=_distinct, parse_constant=_refuse)
        msgspec.json.encode(value)  # cheap proof that every string is valid Unicode
    except ValueError as error:  # also UnicodeError, JSONDecodeError, and integers that are too long
        raise InvalidInputError(f"{what} is not valid JSON: {printable(str(error)[:200])}") from None
    return value


def _check_depth(raw: bytes, what: str) -> None:
    """Refuse nesting over `MAX_JSON_DEPTH` before a recursive parser meets it."""
    depth = 0
    for token in _TOKEN.finditer(raw):
        character = raw[token.start()]
        if character in b"[{":
            depth += 1
            if depth > MAX_JSON_DEPTH:
                raise LimitError(f"{what} is nested deeper than {MAX_JSON_DEPTH}")
        elif character in b"]}":
            depth -= 1


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twice[:100]!r} occurs twice in one object")
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not a JSON number")
