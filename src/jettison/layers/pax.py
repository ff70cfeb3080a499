"""PAX extended headers (POSIX pax(1), "pax Extended Header"): read with bounds, written as raw bytes."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

from jettison.errors import InvalidInputError, LimitError
from jettison.layers.entry import NO_XATTRS
from jettison.limits import MAX_NAME_BYTES, MAX_XATTR_BYTES

XATTR: Final = b"SCHILY.xattr."
_XATTR_LIBARCHIVE: Final = b"LIBARCHIVE.xattr."
_OVERLAY: Final = (b"trusted.overlay.", b"user.overlay.")
_TIME: Final = re.compile(rb"(-?)([0-9]{1,12})(?:\.([0-9]*))?\Z")


def parse_records(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of each record `LENGTH KEY=VALUE\\n`; raises `InvalidInputError`."""
    position = 0
    while position < len(data):
        space = data.find(b" ", position, position + 20)
        digits = data[position:space]
        if space < 0 or not digits.isdigit():
            raise InvalidInputError("a PAX record has no length")
        end = position + int(digits)
        equals = data.find(b"=", space + 1, end)
        if end > len(data) or end <= space + 1 or equals < space + 2 or data[end - 1 : end] != b"\n":
            raise InvalidInputError("a PAX record contradicts its length")
        yield data[space + 1 : equals], data[equals + 1 : end - 1]
        position = end


def record(key: bytes, value: bytes) -> bytes:
    """One record; its length counts its own digits."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    if rest + len(str(length)) != length:
        length = rest + len(str(length))
    return b"%d %b=%b\n" % (length, key, value)


def parse_time(value: bytes) -> int:
    """Nanoseconds since the epoch of a decimal number of seconds; what is finer than nanoseconds is cut
    off."""
    match = _TIME.match(value)
    if not match:
        raise InvalidInputError(f"{value[:40]!r} is not a time")
    sign, seconds, fraction = match.groups()
    nanoseconds = int(seconds) * 1_000_000_000 + int((fraction or b"").ljust(9, b"0")[:9])
    return -nanoseconds if sign else nanoseconds


def format_time(nanoseconds: int) -> bytes:
    """The shortest decimal number of seconds for `nanoseconds`."""
    seconds, fraction = divmod(abs(nanoseconds), 1_000_000_000)
    text = f"{'-' if nanoseconds < 0 else ''}{seconds}.{fraction:09}"
    return text.rstrip("0").rstrip(".").encode()


def parse_xattrs(records: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
    """The extended attributes among `records`, by full name.

    Overlay's own attributes are dropped: in a layer folder they would redirect or hide files of other layers.
    """
    found: dict[bytes, bytes] = {}
    for key, value in records.items():
        if key.startswith(XATTR):
            found[key[len(XATTR) :]] = value
        elif key.startswith(_XATTR_LIBARCHIVE):
            name = unquote_to_bytes(key[len(_XATTR_LIBARCHIVE) :])
            found.setdefault(name, _from_base64(value))
    for name, value in found.items():
        _check_xattr(name, value)
    kept = {name: value for name, value in found.items() if not name.startswith(_OVERLAY)}
    return kept or NO_XATTRS


def _from_base64(value: bytes) -> bytes:
    try:
        return base64.b64decode(value + b"=" * (-len(value) % 4), validate=True)
    except binascii.Error:
        raise InvalidInputError("an extended attribute is not valid base64") from None


def _check_xattr(name: bytes, value: bytes) -> None:
    if not name or b"\0" in name:
        raise InvalidInputError("an extended attribute has no valid name")
    if len(name) > MAX_NAME_BYTES or len(value) > MAX_XATTR_BYTES:
        raise LimitError(
            f"an extended attribute is longer than {MAX_XATTR_BYTES} bytes (its name: {MAX_NAME_BYTES})"
        )
