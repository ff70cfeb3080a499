"""Socket addresses in memory."""

import socket
import struct

import pytest

from jettison.observe.sockets import Address, at, parse

INET = struct.pack("<H", socket.AF_INET)
INET6 = struct.pack("<H", socket.AF_INET6)
UNIX = struct.pack("<H", socket.AF_UNIX)


@pytest.mark.parametrize(
    ("raw", "address"),
    [
        (INET + b"\x1f\x90" + bytes([127, 0, 0, 1]) + bytes(8), Address("inet", "127.0.0.1", 8080)),
        (INET6 + b"\x00\x50" + bytes(4) + bytes(15) + b"\x01" + bytes(4), Address("inet6", "::1", 80)),
        (UNIX + b"/run/a.sock\0rest", at(b"/run/a.sock")),
        (UNIX + b"/run/unterminated", at(b"/run/unterminated")),
        (UNIX + b"\0name\0x", Address("unix", "@name%00x")),
    ],
)
def test_the_three_families_are_read(raw, address):
    assert parse(raw) == address


@pytest.mark.parametrize(
    "raw", [b"", b"\x02", INET, INET + bytes(5), INET6 + bytes(20), UNIX, struct.pack("<H", 16) + bytes(20)]
)
def test_other_families_and_short_addresses_are_nothing(raw):
    assert parse(raw) is None
