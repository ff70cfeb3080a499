"""A small HTTP client for answers from software that is not trusted: every read bounded in bytes and in time.

One connection for one request (`Connection: close`), so that no server's idea of keep-alive matters. Called
from inside the network namespace.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from jettison.limits import BODY_BYTES, HTTP_TIMEOUT_S
from jettison.workload.endpoint import Endpoint, Scheme
from jettison.workload.responses import Collector, Content
from jettison.workload.steps import HttpRequest

_CHUNK = 64 * 1024
_VOLATILE = frozenset(
    (
        "age",
        "connection",
        "content-length",
        "date",
        "etag",
        "expires",
        "keep-alive",
        "last-modified",
        "transfer-encoding",
    )
)
"""Headers that tell of the moment, the transport or the file's inode, not of the answer (RFC 9110)."""


@dataclass(frozen=True)
class Answer:
    """What came back; `error` says in stable words why nothing did."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case; of `set-cookie` only the names and attributes, never the values."""
    body: Content | None = None
    error: str = ""
    cookies: Mapping[str, str | None] = field(default_factory=dict)
    """Cookies that were set (or, with None, deleted)."""


def fetch(
    endpoint: Endpoint,
    request: HttpRequest,
    *,
    cookies: Mapping[str, str] | None = None,
    timeout: float = HTTP_TIMEOUT_S,
) -> Answer:
    """Make one request of at the most `timeout` seconds. Never raises for what the server does."""
    deadline = time.monotonic() + timeout
    connection = _connection(endpoint, timeout)
    # The timeout of a socket starts anew with each piece that drips in; the watchdog's does not.
    watchdog = threading.Timer(timeout, _hang_up, (connection,))
    watchdog.daemon = True
    watchdog.start()
    try:
        headers = _headers(endpoint, request, cookies)
        connection.request(request.method, request.path, request.body or None, headers)
        response = connection.getresponse()
        if time.monotonic() >= deadline:
            raise TimeoutError  # the watchdog hung up, which looks like the end of the headers
        body = _body(response, connection.sock, deadline)
    except (OSError, http.client.HTTPException, zlib.error) as error:
        late = isinstance(error, TimeoutError) or time.monotonic() >= deadline
        return Answer(error="timed out" if late else _why(error))
    finally:
        watchdog.cancel()
        connection.close()
    pairs = [(name.lower(), value) for name, value in response.getheaders()]
    return Answer(response.status, _lasting(pairs), body, cookies=_cookies(pairs))


def _hang_up(connection: http.client.HTTPConnection) -> None:
    with contextlib.suppress(OSError, AttributeError):  # not connected yet, or not any more
        connection.sock.shutdown(socket.SHUT_RDWR)


def unverified_tls() -> ssl.SSLContext:
    """TLS as a probe speaks it: any certificate will do, since the peer is the container itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _connection(endpoint: Endpoint, timeout: float) -> http.client.HTTPConnection:
    if endpoint.scheme is Scheme.HTTPS:
        return http.client.HTTPSConnection(
            endpoint.address, endpoint.port, timeout=timeout, context=unverified_tls()
        )
    return http.client.HTTPConnection(endpoint.address, endpoint.port, timeout=timeout)


def _headers(endpoint: Endpoint, request: HttpRequest, cookies: Mapping[str, str] | None) -> dict[str, str]:
    headers = {
        # By name and not by address: what frameworks that check the host let through in any mode.
        "Host": f"localhost:{endpoint.port}",
        "User-Agent": "jettison",
        "Accept": "*/*",
        "Accept-Encoding": "gzip, deflate",
        "Connection": "close",
    }
    if cookies:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return headers | dict(request.headers)


def _body(response: http.client.HTTPResponse, sock: socket.socket | None, deadline: float) -> Content:
    """The decoded body. One without end is cut where the bytes or the time run out, and says so."""
    collector = Collector()
    decode = _decoder(response.getheader("content-encoding", ""))
    while collector.size < BODY_BYTES:
        left = deadline - time.monotonic()
        if left <= 0:
            return collector.content(truncated=True)
        if sock is not None and sock.fileno() >= 0:
            sock.settimeout(left)
        try:
            raw = response.read1(_CHUNK)
        except TimeoutError:
            return collector.content(truncated=True)
        collector.feed(decode(raw))
        if not raw:
            if response.length:
                raise http.client.IncompleteRead(b"")
            return collector.content(truncated=time.monotonic() >= deadline)
    return collector.content(truncated=True)


class _Inflate:
    """gzip and deflate (RFC 9110, 8.4.1), one bounded piece at a time."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=47)  # either header is found out

    def __call__(self, raw: bytes) -> bytes:
        """What `raw` decodes to, at the most the bound of a body: a bomb ends there."""
        return self._stream.decompress(raw, BODY_BYTES) if raw else self._stream.flush()


def _decoder(encoding: str) -> _Inflate | type[bytes]:
    return _Inflate() if encoding.strip().lower() in ("gzip", "x-gzip", "deflate") else bytes


def _lasting(pairs: list[tuple[str, str]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in pairs:
        if name in _VOLATILE:
            continue
        if name == "set-cookie":
            value = _without_value(value)
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _without_value(cookie: str) -> str:
    """`session=…; Path=/; Expires=…` as `session; Path=/`."""
    first, *attributes = (part.strip() for part in cookie.split(";"))
    kept = [a for a in attributes if not a.lower().startswith(("expires=", "max-age="))]
    return "; ".join([first.partition("=")[0], *kept])


def _cookies(pairs: list[tuple[str, str]]) -> dict[str, str | None]:
    jar: dict[str, str | None] = {}
    for name, value in pairs:
        if name == "set-cookie":
            pair, _, attributes = value.partition(";")
            key, _, content = pair.strip().partition("=")
            jar[key] = None if "max-age=0" in attributes.lower().replace(" ", "") or not content else content
    return jar


def _why(error: Exception) -> str:
    """The error in words that are the same each time it happens (no addresses, no counts)."""
    match error:
        case ConnectionRefusedError():
            return "connection refused"
        case http.client.RemoteDisconnected():
            return "closed without an answer"
        case ConnectionError():
            return "connection reset"
        case http.client.IncompleteRead():
            return "the answer was cut off"
        case zlib.error():
            return "the body does not decode as its Content-Encoding says"
        case ssl.SSLError():
            return f"TLS failed ({error.reason or 'unknown reason'})"
        case http.client.HTTPException():
            return f"not a valid HTTP answer ({type(error).__name__})"
        case _:
            return error.args[1] if len(error.args) > 1 else str(error)
