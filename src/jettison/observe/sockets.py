"""Socket addresses as system calls carry them (ip(7), ipv6(7), unix(7)), and what kind of socket a descriptor
is."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import struct
from dataclasses import dataclass
from typing import Final

from jettison.layers.path import encode_path
from jettison.linux import descriptors
from jettison.observe import processes
from jettison.observe.trace import Protocol, SocketFamily

MAX_ADDRESS: Final = 128
"""sizeof(struct sockaddr_storage): the kernel refuses longer ones."""
_PROTOCOLS: Final[dict[tuple[bool, int], Protocol]] = {
    (False, socket.SOCK_STREAM): "tcp",
    (False, socket.SOCK_DGRAM): "udp",
    (True, socket.SOCK_STREAM): "stream",
    (True, socket.SOCK_DGRAM): "dgram",
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a socket is bound or connects to."""

    family: SocketFamily
    text: str
    port: int = 0
    path: bytes = b""
    """unix, in the file system: the path as the caller wrote it."""


def parse(raw: bytes) -> Address | None:
    """A `struct sockaddr` of the three families that matter; None for another family or too few bytes."""
    if len(raw) < 2:
        return None
    family = int.from_bytes(raw[:2], "little")
    if family == socket.AF_INET and len(raw) >= 8:
        return Address("inet", str(ipaddress.IPv4Address(raw[4:8])), *struct.unpack_from(">H", raw, 2))
    if family == socket.AF_INET6 and len(raw) >= 24:
        return Address("inet6", str(ipaddress.IPv6Address(raw[8:24])), *struct.unpack_from(">H", raw, 2))
    if family == socket.AF_UNIX and len(raw) > 2:
        return _unix(raw[2:])
    return None


def at(path: bytes) -> Address:
    """The address of a unix socket in the file system."""
    return Address("unix", encode_path(path), path=path)


def _unix(name: bytes) -> Address:
    if name[0] == 0:
        return Address("unix", "@" + encode_path(name[1:]))
    return at(name.partition(b"\0")[0])


@dataclass(frozen=True, slots=True)
class Kind:
    """What a descriptor of a stopped thread is: its transport, and where it is bound (None: nowhere that has
    a name)."""

    protocol: Protocol
    bound: Address | None


def look(thread: int, descriptor: int) -> Kind:
    """Look at a socket of a stopped thread through a copy of its descriptor; "unknown" and None where that
    fails."""
    with contextlib.suppress(OSError, KeyError):
        copy = descriptors.take(processes.group(thread), descriptor)
        with socket.socket(fileno=copy) as mine:
            unix = mine.family == socket.AF_UNIX
            return Kind(_PROTOCOLS.get((unix, mine.type), "unknown"), _bound(mine))
    return Kind("unknown", None)


def _bound(mine: socket.socket) -> Address | None:
    name = mine.getsockname()
    if mine.family == socket.AF_INET:
        return Address("inet", name[0], name[1])
    if mine.family == socket.AF_INET6:
        return Address("inet6", name[0].partition("%")[0], name[1])
    if mine.family == socket.AF_UNIX and name:
        return _unix(name if isinstance(name, bytes) else name.encode(errors="surrogateescape"))
    return None
