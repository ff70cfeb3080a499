"""What is spoken at a port, found by asking: HTTP, HTTPS, or something else that merely listens.

That a port accepts connections does not mean that the application is ready: a forwarding proxy accepts before
the application behind it listens, and the kernel accepts for a server that has not called accept(2) yet.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

from jettison.workload.client import unverified_tls
from jettison.workload.endpoint import Endpoint, Scheme

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
_NOT_YET = frozenset((502, 503, 504))
"""Statuses of a proxy whose application is not there yet (RFC 9110, 15.6)."""
_QUIET_S = 8.0
"""How long a server that accepted the connection may take for its first byte before it is taken not to speak
HTTP."""
_UNACCEPTED_S = 1.0
"""How long one question waits for accept(2) before other ports get their turn."""
_SLICE_S = 0.25
_QUESTION = (
    b"GET / HTTP/1.1\r\nHost: localhost:%d\r\n"
    b"User-Agent: jettison\r\nAccept: */*\r\nConnection: close\r\n\r\n"
)
_OTHER = """
    22 25 53 110 143 389 465 587 636 993 995 1433 1521 1883 2181 3306 4222 5432 5672 6379 6432 8883 9042 9092
    11211 26379 27017
"""
OTHER_PROTOCOLS = frozenset(map(int, _OTHER.split()))
"""Ports of well-known protocols that are not HTTP; a question in HTTP would only be an error in their log."""


@dataclass(frozen=True)
class Found:
    """What asking a port showed."""

    scheme: Scheme | None = None
    """None: nothing that can be told yet, ask again."""
    starting: bool = False
    """It answered that what is behind it is not there yet: ask again."""
    hung_up: bool = False
    """It took the connection and closed it without a word: a proxy without its application, or another
    protocol."""


@dataclass(frozen=True)
class _Reply:
    data: bytes
    closed: bool = False
    accepted: bool = True


def ask(
    endpoint: Endpoint, *, accepted: Callable[[], bool], deadline: float, quiet: float = _QUIET_S
) -> Found:
    """Ask `endpoint` for `/`, in plain HTTP and then over TLS, until `deadline` (monotonic) at the latest.

    `accepted` tells whether the server has taken the connection from the kernel's queue; only then its
    silence counts, for `quiet` seconds.
    """
    plain = _exchange(endpoint, accepted, deadline, quiet, tls=False)
    if plain is None:
        return Found()
    status = _status(plain.data)
    if status is not None and status != 400:
        return _judge(Scheme.HTTP, status)
    if not plain.data and not plain.accepted:
        return Found()
    # A TLS port answers plain HTTP with 400, with an alert, with nothing, or hangs up: see what it says to
    # TLS.
    secure = _exchange(endpoint, accepted, deadline, quiet, tls=True)
    if secure is not None:
        secure_status = _status(secure.data)
        return Found(Scheme.TCP) if secure_status is None else _judge(Scheme.HTTPS, secure_status)
    if status is not None:
        return _judge(Scheme.HTTP, status)
    return Found(hung_up=True) if plain.closed and not plain.data else Found(Scheme.TCP)


def connects(address: str, port: int) -> bool:
    """Whether something accepts TCP connections there."""
    try:
        socket.create_connection((address, port), timeout=_SLICE_S).close()
    except OSError:
        return False
    return True


def _judge(scheme: Scheme, status: int) -> Found:
    return Found(scheme, starting=status in _NOT_YET)


def _status(answer: bytes) -> int | None:
    match = _STATUS.match(answer)
    return int(match[1]) if match else None


def _exchange(
    endpoint: Endpoint, accepted: Callable[[], bool], deadline: float, quiet: float, *, tls: bool
) -> _Reply | None:
    """The first bytes that come back, or how they failed to; None when no connection can be made."""
    try:
        sock = socket.create_connection((endpoint.address, endpoint.port), timeout=_SLICE_S)
    except OSError:
        return None
    try:
        if tls:
            sock.settimeout(quiet)
            sock = unverified_tls().wrap_socket(sock, server_hostname="localhost")
        sock.sendall(_QUESTION % endpoint.port)
        return _first_bytes(sock, accepted, deadline, quiet)
    except ssl.SSLError:
        return None
    except OSError:
        return None if tls else _Reply(b"", closed=True)
    finally:
        sock.close()


def _first_bytes(sock: socket.socket, accepted: Callable[[], bool], deadline: float, quiet: float) -> _Reply:
    sock.settimeout(_SLICE_S)
    begun = time.monotonic()
    silent_since: float | None = None
    while (now := time.monotonic()) < deadline:
        try:
            data = sock.recv(64)
            return _Reply(data, closed=not data)
        except TimeoutError:
            if silent_since is None and accepted():
                silent_since = now
            if silent_since is None and now - begun > _UNACCEPTED_S:
                break
            if silent_since is not None and now - silent_since > quiet:
                return _Reply(b"")
    return _Reply(b"", accepted=silent_since is not None)
