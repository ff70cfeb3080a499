"""Certificates in PEM form: whose they are and until when they hold (RFC 5280, RFC 7468, X.690)."""

from __future__ import annotations

import binascii
import datetime
import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from jettison.errors import InvalidInputError

_PEM: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]{100,100000}?)-----END CERTIFICATE-----"
)
_SEQUENCE, _UTC_TIME, _VERSION = 0x30, 0x17, 0xA0
_COMMON_NAME: Final = b"\x55\x04\x03"
_ORGANISATION: Final = b"\x55\x04\x0a"


class Certificate(Struct, frozen=True):
    """What a certificate says."""

    subject: str
    """The common name, else the organisation, else empty."""
    not_after: datetime.datetime


def certificates(text: bytes) -> Iterator[Certificate]:
    """The certificates in `text`; malformed ones are passed over."""
    for match in _PEM.finditer(text):
        try:
            yield parse(binascii.a2b_base64(match[1]))
        except (InvalidInputError, ValueError, OverflowError):
            continue


def parse(der: bytes) -> Certificate:
    """Read one certificate; raises `InvalidInputError` or ValueError if it is none."""
    body = _inside(_inside(der, _SEQUENCE), _SEQUENCE)
    fields = list(_items(body))
    if fields and fields[0][0] == _VERSION:
        fields = fields[1:]
    if len(fields) < 5:
        raise InvalidInputError("certificate is truncated")
    validity = list(_items(fields[3][1]))
    if len(validity) != 2:
        raise InvalidInputError("certificate has no validity")
    return Certificate(_name(fields[4][1]), _time(*validity[1]))


def _items(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(tag, content) of each value in `data` (X.690, 8.1)."""
    at = 0
    while at + 2 <= len(data):
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:
            width = length & 0x7F
            length = int.from_bytes(data[at : at + width], "big")
            at += width
        if length > len(data) - at:
            raise InvalidInputError("certificate is truncated")
        yield tag, data[at : at + length]
        at += length


def _inside(data: bytes, tag: int) -> bytes:
    found = next(_items(data), None)
    if found is None or found[0] != tag:
        raise InvalidInputError("not a certificate")
    return found[1]


def _name(data: bytes) -> str:
    parts: dict[bytes, str] = {}
    for _, relative in _items(data):
        for _, pair in _items(relative):
            fields = list(_items(pair))
            if len(fields) == 2:
                parts.setdefault(fields[0][1], fields[1][1].decode(errors="replace"))
    return parts.get(_COMMON_NAME) or parts.get(_ORGANISATION) or ""


def _time(tag: int, value: bytes) -> datetime.datetime:
    """UTCTime has two digits of the year, of which 50 to 99 mean 19xx (RFC 5280, 4.1.2.5.1)."""
    text = value.decode("ascii")
    if tag == _UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    return datetime.datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=datetime.UTC)
