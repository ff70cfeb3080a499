"""HTTP with a registry: authentication, redirects and refusals, for one repository."""

from __future__ import annotations

import ssl
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

from jettison.errors import JettisonError, LimitError, NotFoundError, RemoteError
from jettison.image.document import parse_json
from jettison.layers.path import printable
from jettison.limits import (
    DOCUMENT_TIMEOUT_S,
    MAX_JSON_BYTES,
    MAX_REDIRECTS,
    MAX_TOKEN_BYTES,
    REQUEST_TIMEOUT_S,
)
from jettison.stores.registry.address import Endpoint, is_inner, is_loopback
from jettison.stores.registry.auth import authorization, challenges
from jettison.stores.registry.certificates import trust
from jettison.stores.registry.credentials import find_credential
from jettison.stores.registry.patience import Transient, patiently

Content = bytes | Callable[[], Iterable[bytes]] | None
"""A request's body; one that is streamed can be made anew for another attempt."""

_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504, 522})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ALIVE = frozenset({200, 401, 403, 404, 429})


class Registry:
    """One repository of a registry. A context manager; threads may share it."""

    def __init__(self, endpoint: Endpoint, *, push: bool = False, mount_from: str = "") -> None:
        """`push` asks for the right to write, `mount_from` for that to read another repository there."""
        self.endpoint = endpoint
        actions = "pull,push" if push else "pull"
        self._scopes = [f"repository:{endpoint.repository}:{actions}"]
        if mount_from:
            self._scopes.append(f"repository:{mount_from}:pull")
        self._client = httpx.Client(
            verify=_tls(endpoint),
            timeout=httpx.Timeout(REQUEST_TIMEOUT_S, pool=None),
            trust_env=not endpoint.is_loopback,  # proxies
            follow_redirects=False,
            headers={"Accept-Encoding": "identity", "User-Agent": "jettison"},
        )
        self.close = weakref.finalize(self, self._client.close)
        """Closes all connections; so does the end of the last image that needs them."""
        self._lock = threading.Lock()
        self._authorization = ""
        self._base = ""

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def url(self, path: str) -> str:
        """The address of `path` in the repository."""
        with self._lock:
            if not self._base:
                self._base = self._find_base()
        return f"{self._base}/v2/{self.endpoint.repository}/{path}"

    @contextmanager
    def request(
        self,
        method: str,
        url: str,
        what: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: Content = None,
        accept: Iterable[int] = (),
    ) -> Iterator[httpx.Response]:
        """One request, authenticated, its redirects followed; the body is yet to be read.

        A status below 300 or in `accept` is an answer; any other raises `NotFoundError` or `RemoteError`, or
        `Transient` where another attempt may help.
        """
        with self._failures(what):
            response = self._answer(method, url, dict(headers or {}), content)
            try:
                if response.status_code >= 300 and response.status_code not in accept:
                    raise self._refusal(response, what)
                yield response
            finally:
                response.close()

    def document(self, path: str, what: str, accept: str = "") -> tuple[bytes, httpx.Headers]:
        """The document at `path`, whole, with the headers of the answer; `LimitError` if it is too long."""

        def once() -> tuple[bytes, httpx.Headers]:
            headers = {"Accept": accept} if accept else {}
            with self.request("GET", self.url(path), what, headers=headers) as response:
                return _bounded(response, MAX_JSON_BYTES, what), response.headers

        return patiently(once)

    def _answer(self, method: str, url: str, headers: dict[str, str], content: Content) -> httpx.Response:
        for _ in range(2):
            given = self._authorization
            response = self._redirected(method, url, headers, content, given)
            if response.status_code != 401 or not self._is_own(str(response.request.url)):
                return response
            offered = challenges(response.headers.get_list("www-authenticate"))
            response.close()
            with self._lock:
                if self._authorization == given:  # no other thread was faster
                    self._authorization = authorization(
                        offered,
                        self.endpoint,
                        self._scopes,
                        find_credential(self.endpoint),
                        plain=self._base.startswith("http:"),
                        send=self._ask_token,
                    )
        return self._redirected(method, url, headers, content, self._authorization)

    def _redirected(
        self, method: str, url: str, headers: dict[str, str], content: Content, authorization: str
    ) -> httpx.Response:
        """Send, and follow redirects of what only reads; credentials go to the registry itself alone."""
        for _ in range(MAX_REDIRECTS + 1):
            own = {"Authorization": authorization} if authorization and self._is_own(url) else {}
            body = content() if callable(content) else content
            request = self._client.build_request(method, url, headers=headers | own, content=body)
            response = self._client.send(request, stream=True)
            if response.status_code not in _REDIRECTS or method not in ("GET", "HEAD"):
                return response
            url = self.resolve(url, response.headers.get("location", ""))
            response.close()
        raise RemoteError(f"{self.endpoint.host} redirects more than {MAX_REDIRECTS} times")

    def resolve(self, url: str, location: str) -> str:
        """The address that a `Location` in the answer to `url` means; raises `RemoteError` for one that leads
        out of TLS, or to a service that only this host can reach."""
        try:
            target = str(httpx.URL(url).join(location))
        except httpx.InvalidURL:
            raise RemoteError(f"{self.endpoint.host} sends an address that is none") from None
        parts = urlsplit(target)
        name = parts.hostname or ""
        if parts.scheme not in ("http", "https") or (url.startswith("https:") and parts.scheme != "https"):
            raise RemoteError(f"{self.endpoint.host} redirects out of TLS to {printable(name)}; not followed")
        if is_inner(name) and not (self.endpoint.is_loopback and is_loopback(name)):
            raise RemoteError(f"{self.endpoint.host} redirects into this host's own network; not followed")
        return target

    def _is_own(self, url: str) -> bool:
        """Whether `url` is the registry's own: scheme, host and port."""
        return url.startswith(f"{self._base}/")

    def _ask_token(self, request: httpx.Request) -> tuple[int, bytes]:
        with self._failures("a token"):
            response = self._client.send(request, stream=True)
            try:
                if response.status_code in _RETRIED:
                    raise self._refusal(response, "a token")
                return response.status_code, _bounded(response, MAX_TOKEN_BYTES, "the token")
            finally:
                response.close()

    def _find_base(self) -> str:
        """Scheme and host: HTTPS, and plain HTTP only on this host or where the user allowed it."""
        server = self.endpoint.server
        secure, plain = f"https://{server}", f"http://{server}"
        if self.endpoint.insecure or self.endpoint.is_loopback:
            order = [secure, plain] if self.endpoint.insecure else [plain, secure]
            for base in order:
                try:
                    with self._client.stream("GET", f"{base}/v2/") as response:  # whose body may never end
                        if response.status_code in _ALIVE:
                            return base
                except httpx.TransportError:
                    continue
        return secure

    def _refusal(self, response: httpx.Response, what: str) -> Exception:
        status, host = response.status_code, self.endpoint.host
        error = RemoteError(f"{host} refused {what}: {_message(response)}")
        if status in _RETRIED:
            return Transient(error, _seconds(response.headers.get("retry-after", "")))
        if status == 404:
            return NotFoundError(f"{host} does not have {what}", hint="check the name and the tag")
        if status in (401, 403):
            hint = f"log in with an account that may do that: docker login {host}, or podman login {host}"
            return RemoteError(str(error), hint=hint)
        return error

    @contextmanager
    def _failures(self, what: str) -> Iterator[None]:
        """Errors of the connection as ours; addresses may hold signatures and are not repeated."""
        host = self.endpoint.host
        try:
            yield
        except httpx.ConnectError as error:
            raise RemoteError(f"cannot connect to the registry {host}: {error}") from None
        except httpx.TransportError as error:
            raise Transient(
                RemoteError(f"the connection to {host} broke at {what}: {type(error).__name__}")
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RemoteError(f"{host} answers {what} wrongly: {type(error).__name__}") from None


def _tls(endpoint: Endpoint) -> ssl.SSLContext | bool:
    """This host's own authorities, so that a company's counts too, and those that the user keeps for this
    registry alone. Raises `UsageError` for files that cannot be used."""
    if endpoint.insecure or endpoint.is_loopback:
        return False
    context = ssl.create_default_context()
    trust(context, endpoint.server)
    return context


def _bounded(response: httpx.Response, limit: int, what: str) -> bytes:
    body = bytearray()
    deadline = time.monotonic() + DOCUMENT_TIMEOUT_S
    for piece in response.iter_raw():
        body += piece
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout("too slow", request=response.request)
        if len(body) > limit:
            raise LimitError(f"{what} has more than {limit} bytes")
    return bytes(body)


def _message(response: httpx.Response) -> str:
    """What the registry says of an error (distribution-spec, "Error Codes"), without control characters."""
    text = f"HTTP {response.status_code}"
    try:
        errors: Any = parse_json(_bounded(response, MAX_TOKEN_BYTES, "the error"), "the error").get("errors")
        said = errors[0].get("message") or errors[0].get("code")
    except (JettisonError, httpx.HTTPError, AttributeError, IndexError, KeyError, TypeError):
        return text
    return f"{printable(str(said)[:300])} ({text})"


def _seconds(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
