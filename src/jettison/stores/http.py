"""HTTP with registries, engines and servers of files, over urllib3: connections that are kept, proxies of the
environment, sockets of this host, and peers that send so slowly that they hold a connection for ever.

Nothing is retried, redirected or decoded here: what that means, the callers know.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    SSLError,
)
from urllib3.exceptions import TimeoutError as TooSlowError

from jettison.limits import (
    MAX_HEADER_BYTES,
    MAX_REDIRECTS,
    MIB,
    PARALLEL_BLOBS,
    REQUEST_TIMEOUT_S,
    SEND_BYTES,
    STALL_BYTES,
)

Content = bytes | Callable[[], Iterable[bytes]] | None
"""A request's body; one that is streamed can be made anew for another attempt."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LOCAL = "engine"


class HttpError(Exception):
    """A request that got no proper answer; the text names no address, which may hold a signature."""


class ConnectionFailedError(HttpError):
    """There was nobody to speak to."""


class BrokenError(HttpError):
    """The connection broke, or the peer stopped sending."""


class Answer:
    """Status and headers; the body is yet to be read. To be closed."""

    def __init__(self, response: urllib3.BaseHTTPResponse, method: str, url: str) -> None:
        self._response = response
        self.method = method
        self.url = url
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        """Their names in any case."""

    def values(self, name: str) -> list[str]:
        """Each value of a header that may come more than once."""
        return list(self._response.headers.getlist(name))

    def pieces(self) -> Iterator[bytes]:
        """The body as it comes, still encoded; raises `BrokenError`."""
        with _failures():
            while piece := self._response.read1(MIB, decode_content=False):
                yield piece

    def close(self) -> None:
        """Keep the connection for another request if all was read, else end it."""
        if self._response.length_remaining == 0:
            self._response.release_conn()
        self._response.close()


class Client:
    """Connections to servers; threads may share it. A context manager."""

    def __init__(
        self,
        tls: ssl.SSLContext | None = None,
        *,
        proxies: bool = True,
        timeout: urllib3.Timeout | None = None,
    ) -> None:
        """`tls`: how certificates are checked, by default as this host does; `proxies`: use those of the
        environment; `timeout`: for a server that may take its time, by default one that sends too slowly is
        given up."""
        self._timeout = timeout
        self._tls = tls or ssl.create_default_context()
        self._proxies = getproxies_environment() if proxies else {}
        self._managers: dict[str, urllib3.PoolManager] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connections that are not in use."""
        for manager in self._managers.values():
            manager.clear()

    def send(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, content: Content = None
    ) -> Answer:
        """Send a request and wait for the headers of the answer; raises `HttpError`."""
        with _failures():
            manager = self._manager(url)
            return _send(
                manager.urlopen, method, url, dict(headers or {}), content, self._timeout or _TIMEOUT
            )

    @contextmanager
    def get(self, url: str) -> Iterator[Answer]:
        """What is at `url`, redirects followed, the body yet to be read; raises `HttpError` for whatever is
        not 200."""
        for _ in range(MAX_REDIRECTS + 1):
            answer = self.send("GET", url)
            try:
                if answer.status == 200:
                    yield answer
                    return
                if answer.status not in REDIRECTS:
                    raise HttpError(f"HTTP {answer.status}")
                url = redirected(url, answer.headers.get("location", ""))
            finally:
                answer.close()
        raise HttpError(f"more than {MAX_REDIRECTS} redirects")

    def _manager(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        proxy = self._proxies.get(parts.scheme) or self._proxies.get("all") or ""
        if proxy and proxy_bypass(parts.netloc.rpartition("@")[2], self._proxies):
            proxy = ""
        with self._lock:
            if proxy not in self._managers:
                self._managers[proxy] = self._new_manager(proxy)
            return self._managers[proxy]

    def _new_manager(self, proxy: str) -> urllib3.PoolManager:
        common: dict[str, Any] = {"maxsize": PARALLEL_BLOBS, "ssl_context": self._tls}
        if proxy:
            parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
            secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
            headers = urllib3.make_headers(proxy_basic_auth=secret) if secret else None
            place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
            manager: urllib3.PoolManager = urllib3.ProxyManager(place, proxy_headers=headers, **common)
        else:
            manager = urllib3.PoolManager(**common)
        if self._timeout is None:
            manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        return manager


class LocalClient:
    """Connections to the server that listens at a socket of this host, which may take its time."""

    def __init__(self, path: str, timeout: urllib3.Timeout) -> None:
        self._pool = _LocalPool(path, timeout)

    def close(self) -> None:
        """End the connections that are not in use."""
        self._pool.close()

    def send(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, content: Content = None
    ) -> Answer:
        """As `Client.send`; of `url`, path and query count."""
        with _failures():
            return _send(self._pool.urlopen, method, url, dict(headers or {}), content, self._pool.timeout)


def redirected(url: str, location: str) -> str:
    """The address that a `Location` in the answer to `url` means; raises `HttpError` for one that is none, or
    that leads out of TLS."""
    try:
        if not location.isprintable() or " " in location:
            raise ValueError(location)
        target = urljoin(url, location)
        parts = urlsplit(target)
        if not parts.hostname or parts.scheme not in ("http", "https"):
            raise ValueError(target)
        _ = parts.port
    except ValueError:
        raise HttpError("it redirects to an address that is none") from None
    if url.startswith("https:") and parts.scheme != "https":
        raise HttpError("it redirects out of TLS")
    return target


_TIMEOUT = urllib3.Timeout(connect=REQUEST_TIMEOUT_S, read=REQUEST_TIMEOUT_S)


def _send(
    urlopen: Callable[..., urllib3.BaseHTTPResponse],
    method: str,
    url: str,
    headers: dict[str, str],
    content: Content,
    timeout: urllib3.Timeout,
) -> Answer:
    fixed = {"Accept-Encoding": "identity", "User-Agent": "jettison"}
    if isinstance(content, bytes):
        headers.setdefault("Content-Length", str(len(content)))
    response = urlopen(
        method,
        url,
        headers=fixed | headers,
        body=_in_pieces(content) if isinstance(content, bytes) else content() if content else None,
        timeout=timeout,
        retries=False,
        redirect=False,
        preload_content=False,
        decode_content=False,
    )
    return Answer(response, method, url)


def _in_pieces(content: bytes) -> Iterator[bytes]:
    """A time limit is for each piece: for all of it, a slow line would not be enough."""
    for start in range(0, len(content), SEND_BYTES):
        yield content[start : start + SEND_BYTES]


@contextmanager
def _failures() -> Iterator[None]:
    """Errors of urllib3, which repeat addresses, as ours."""
    try:
        yield
    except ProxyError as error:
        raise ConnectionFailedError(f"the proxy does not serve: {_reason(error.original_error)}") from None
    except (NewConnectionError, SSLError) as error:
        raise ConnectionFailedError(_reason(error)) from None
    except ConnectTimeoutError:
        raise BrokenError("no connection in time") from None
    except TooSlowError:
        raise BrokenError("too slow") from None
    except (ProtocolError, http.client.HTTPException, OSError) as error:
        raise BrokenError(type(error).__name__) from None
    except (HTTPError, ValueError) as error:
        raise HttpError(type(error).__name__) from None


def _reason(error: BaseException) -> str:
    """What the system says; urllib3 puts objects and addresses around it."""
    inner = error.__cause__ or (error.args[0] if error.args and isinstance(error.args[0], OSError) else error)
    if isinstance(inner, OSError) and not isinstance(inner, ssl.SSLError):
        return str(inner.strerror or inner)
    return str(inner) if isinstance(inner, ssl.SSLError) else type(error).__name__


class _Paced(io.RawIOBase):
    """What a socket receives. Each `STALL_BYTES` of it have `REQUEST_TIMEOUT_S` seconds, in which the time
    between reads does not count: a timeout of the socket alone begins anew with each byte that drips in."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._headers_left: int | None = MAX_HEADER_BYTES
        self._moved, self._waited = 0, 0.0

    def begin_body(self) -> None:
        """The headers are complete."""
        self._headers_left = None
        self._moved, self._waited = 0, 0.0

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Fill `buffer` with what is there; raises OSError for a peer that is too slow."""
        begun = time.monotonic()
        self._sock.settimeout(max(0.001, REQUEST_TIMEOUT_S - self._waited))
        count = self._raw.readinto(buffer)
        self._moved += count or 0
        self._waited += time.monotonic() - begun
        if self._headers_left is not None:
            self._headers_left -= count or 0
            if self._headers_left < 0:
                raise http.client.HTTPException("the headers are too long")
        elif self._moved >= STALL_BYTES:
            self._moved, self._waited = 0, 0.0
        if count and self._waited >= REQUEST_TIMEOUT_S:
            raise TimeoutError("it has almost stopped sending")
        return count

    def close(self) -> None:
        """Close; the socket itself stays."""
        self._raw.close()
        super().close()


class _Face:
    """A socket as `http.client` sees it: it only asks for a file to read."""

    def __init__(self, sock: socket.socket) -> None:
        self.paced = _Paced(sock)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """See `socket.makefile`."""
        return io.BufferedReader(self.paced)


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        face = _Face(sock)
        self._paced = face.paced
        super().__init__(face, *args, **kwargs)  # type: ignore[arg-type]

    def begin(self) -> None:
        """Read the headers."""
        super().begin()
        self._paced.begin_body()


class _Connection(HTTPConnection):
    response_class = _Response


class _SecureConnection(HTTPSConnection):
    response_class = _Response

    def connect(self) -> None:
        """Connect; a certificate that is not checked is the user's wish, of which nobody is to be warned."""
        super().connect()
        self.is_verified = True


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _LocalConnection(HTTPConnection):
    def __init__(self, *args: Any, path: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket."""
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.settimeout(self.timeout)
            sock.connect(self._path)
        except OSError as error:
            sock.close()
            raise NewConnectionError(self, "no connection") from error
        self.sock = sock


class _LocalPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _LocalConnection

    def __init__(self, path: str, timeout: urllib3.Timeout) -> None:
        super().__init__(_LOCAL, timeout=timeout, path=path)
