"""HTTP with a registry: authentication, redirects and refusals, for one repository."""

from __future__ import annotations

import ssl
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from jettison.errors import JettisonError, LimitError, NotFoundError, RemoteError
from jettison.image.document import parse_json
from jettison.layers.path import printable
from jettison.limits import (
    DOCUMENT_TIMEOUT_S,
    MAX_JSON_BYTES,
    MAX_REDIRECTS,
    MAX_TOKEN_BYTES,
)
from jettison.stores.http import (
    REDIRECTS,
    Answer,
    BrokenError,
    Client,
    ConnectionFailedError,
    Content,
    HttpError,
    redirected,
)
from jettison.stores.registry.address import Endpoint, is_inner, is_loopback
from jettison.stores.registry.auth import Request, authorization, challenges
from jettison.stores.registry.certificates import trust
from jettison.stores.registry.credentials import find_credential
from jettison.stores.registry.patience import Transient, patiently

_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504, 522})
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
        self._client = Client(_tls(endpoint), proxies=not endpoint.is_loopback)
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
    ) -> Iterator[Answer]:
        """One request, authenticated, its redirects followed; the body is yet to be read.

        A status below 300 or in `accept` is an answer; any other raises `NotFoundError` or `RemoteError`, or
        `Transient` where another attempt may help.
        """
        with self._failures(what):
            response = self._answer(method, url, dict(headers or {}), content)
            try:
                if response.status >= 300 and response.status not in accept:
                    raise self._refusal(response, what)
                yield response
            finally:
                response.close()

    def document(self, path: str, what: str, accept: str = "") -> tuple[bytes, Mapping[str, str]]:
        """The document at `path`, whole, with the headers of the answer; `LimitError` if it is too long."""

        def once() -> tuple[bytes, Mapping[str, str]]:
            headers = {"Accept": accept} if accept else {}
            with self.request("GET", self.url(path), what, headers=headers) as response:
                return _bounded(response, MAX_JSON_BYTES, what), response.headers

        return patiently(once)

    def _answer(self, method: str, url: str, headers: dict[str, str], content: Content) -> Answer:
        for _ in range(2):
            given = self._authorization
            response = self._redirected(method, url, headers, content, given)
            if response.status != 401 or not self._is_own(response.url):
                return response
            offered = challenges(response.values("www-authenticate"))
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
    ) -> Answer:
        """Send, and follow redirects of what only reads; credentials go to the registry itself alone."""
        for _ in range(MAX_REDIRECTS + 1):
            own = {"Authorization": authorization} if authorization and self._is_own(url) else {}
            response = self._client.send(method, url, headers | own, content)
            if response.status not in REDIRECTS or method not in ("GET", "HEAD"):
                return response
            url = self.resolve(url, response.headers.get("location", ""))
            response.close()
        raise RemoteError(f"{self.endpoint.host} redirects more than {MAX_REDIRECTS} times")

    def resolve(self, url: str, location: str) -> str:
        """The address that a `Location` in the answer to `url` means; raises `RemoteError` for one that leads
        out of TLS, or to a service that only this host can reach."""
        try:
            target = redirected(url, location)
        except HttpError as error:
            raise RemoteError(f"{self.endpoint.host}: {error}; not followed") from None
        name = urlsplit(target).hostname or ""
        if is_inner(name) and not (self.endpoint.is_loopback and is_loopback(name)):
            raise RemoteError(f"{self.endpoint.host} redirects into this host's own network; not followed")
        return target

    def _is_own(self, url: str) -> bool:
        """Whether `url` is the registry's own: scheme, host and port."""
        return url.startswith(f"{self._base}/")

    def _ask_token(self, request: Request) -> tuple[int, bytes]:
        with self._failures("a token"):
            response = self._client.send(request.method, request.url, request.headers, request.content)
            try:
                if response.status in _RETRIED:
                    raise self._refusal(response, "a token")
                return response.status, _bounded(response, MAX_TOKEN_BYTES, "the token")
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
                    response = self._client.send("GET", f"{base}/v2/")
                except HttpError:
                    continue
                response.close()  # its body may never end
                if response.status in _ALIVE:
                    return base
        return secure

    def _refusal(self, response: Answer, what: str) -> Exception:
        status, host = response.status, self.endpoint.host
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
        except ConnectionFailedError as error:
            raise RemoteError(f"cannot connect to the registry {host}: {error}") from None
        except BrokenError as error:
            raise Transient(RemoteError(f"the connection to {host} broke at {what}: {error}")) from None
        except HttpError as error:
            raise RemoteError(f"{host} answers {what} wrongly: {error}") from None


def _tls(endpoint: Endpoint) -> ssl.SSLContext:
    """This host's own authorities, so that a company's counts too, and those that the user keeps for this
    registry alone. Raises `UsageError` for files that cannot be used."""
    context = ssl.create_default_context()
    if endpoint.insecure or endpoint.is_loopback:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    trust(context, endpoint.server)
    return context


def _bounded(response: Answer, limit: int, what: str) -> bytes:
    body = bytearray()
    deadline = time.monotonic() + DOCUMENT_TIMEOUT_S
    for piece in response.pieces():
        body += piece
        if time.monotonic() > deadline:
            raise BrokenError("too slow")
        if len(body) > limit:
            raise LimitError(f"{what} has more than {limit} bytes")
    return bytes(body)


def _message(response: Answer) -> str:
    """What the registry says of an error (distribution-spec, "Error Codes"), without control characters."""
    text = f"HTTP {response.status}"
    try:
        errors: Any = parse_json(_bounded(response, MAX_TOKEN_BYTES, "the error"), "the error").get("errors")
        said = errors[0].get("message") or errors[0].get("code")
    except (JettisonError, HttpError, AttributeError, IndexError, KeyError, TypeError):
        return text
    return f"{printable(str(said)[:300])} ({text})"


def _seconds(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
