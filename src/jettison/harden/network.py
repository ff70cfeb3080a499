"""The ports an application listens on, and where it connects to, from what was observed."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from jettison.harden.model import Outgoing, Port
from jettison.observe.evidence import Socket
from jettison.workload.endpoint import Endpoint

_EPHEMERAL: Final = range(32768, 61000)
"""Ports that the kernel picks for who asks for none (ip_local_port_range, ip(7))."""
_RESOLVER: Final = 53


@dataclass(frozen=True)
class Network:
    """Everything that a service and its network policy have to let through."""

    ports: tuple[Port, ...]
    outgoing: tuple[Outgoing, ...]
    unopened: tuple[str, ...]
    """What the image exposes and nothing listened on, as `8080/tcp`."""


def network_of(
    sockets: Iterable[Socket], exposed: Sequence[str], runs: Sequence[Sequence[Endpoint]]
) -> Network:
    """From observed `sockets`, the image's EXPOSE and the endpoints of each run.

    Left out: ports that the kernel picked (another one in each run), sockets of a resolver, and connections
    of the application to itself.
    """
    found = list(sockets)
    declared = {_declared(text) for text in exposed}
    schemes = {endpoint.port: endpoint.scheme for run in runs for endpoint in run}
    constant = set[int]().union(*[{e.port for e in run} for run in runs])
    for run in runs:
        constant &= {endpoint.port for endpoint in run}
    listening: dict[tuple[int, Literal["tcp", "udp"]], list[Socket]] = {}
    for socket in found:
        if socket.direction == "listen" and socket.port and socket.protocol in ("tcp", "udp"):
            listening.setdefault((socket.port, "udp" if socket.protocol == "udp" else "tcp"), []).append(
                socket
            )
    ports = [
        Port(
            number,
            protocol,
            because=_because(sockets_of, named := f"{number}/{protocol}" in declared),
            scheme=str(schemes.get(number, protocol)) if protocol == "tcp" else "udp",  # type: ignore[arg-type]
            exposed=named,
            loopback=all(_is_loopback(each.address) for each in sockets_of),
        )
        for (number, protocol), sockets_of in sorted(listening.items())
        if f"{number}/{protocol}" in declared
        or (protocol == "tcp" and (number not in _EPHEMERAL or number in constant))
    ]
    opened = {f"{number}/{protocol}" for number, protocol in listening}
    return Network(tuple(ports), _outgoing(found), tuple(sorted(declared - opened - {""})))


def _declared(text: str) -> str:
    """`8080` and `8080/TCP` as `8080/tcp`; empty for what is no port."""
    number, _, protocol = text.partition("/")
    if not (number.isascii() and number.isdigit() and 0 < int(number[:6]) < 65536):
        return ""
    return f"{int(number)}/{protocol.lower() or 'tcp'}"


def _because(sockets: Sequence[Socket], named: bool) -> str:
    programs = sorted({socket.executable for socket in sockets if socket.executable})
    addresses = sorted({socket.address for socket in sockets})
    who = f" by {', '.join(programs[:3])}" if programs else ""
    return f"listened on at {', '.join(addresses[:4])}{who}" + ("" if named else "; not in EXPOSE")


def _is_loopback(address: str) -> bool:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(known, "ipv4_mapped", None)
    return (mapped or known).is_loopback


def _is_nowhere(address: str) -> bool:
    """An address that leads to the container itself or to nobody: loopback, unspecified, no address."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return True
    mapped = getattr(known, "ipv4_mapped", None)
    known = mapped or known
    return known.is_loopback or known.is_unspecified


def _outgoing(sockets: Iterable[Socket]) -> tuple[Outgoing, ...]:
    """Connections to others. A UDP socket is "connected" just to learn which address the kernel would use
    (RFC 6724); only port 53 is taken for traffic."""
    return tuple(
        sorted(
            {
                Outgoing(socket.address, socket.port, socket.protocol, socket.executable)
                for socket in sockets
                if socket.direction == "connect"
                and socket.family in ("inet", "inet6")
                and socket.port
                and not _is_nowhere(socket.address)
                and (socket.protocol != "udp" or socket.port == _RESOLVER)
            }
        )
    )
