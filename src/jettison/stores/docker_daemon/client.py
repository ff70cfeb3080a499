"""The HTTP API of a Docker engine (docs.docker.com, Engine API), as far as images need it."""

from __future__ import annotations

import io
import os
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlsplit

import urllib3

from jettison.errors import AbsentError, HostError, JettisonError, NotFoundError, RemoteError, UsageError
from jettison.image.document import parse_json
from jettison.layers.files import Handle, spool
from jettison.layers.path import printable
from jettison.limits import MAX_JSON_BYTES, MAX_LAYER_BYTES
from jettison.stores.http import Answer, Client, ConnectionFailedError, Content, HttpError, LocalClient

DEFAULT_HOST = "unix:///var/run/docker.sock"
_OLDEST, _NEWEST = (1, 24), (1, 47)
"""API versions that this client speaks: from `RootFS` in image inspection to the latest it was written
against."""
_TIMEOUT = urllib3.Timeout(connect=10.0, read=600.0)


class Engine:
    """A connection to one engine; a context manager. Every failure is a `HostError` or a `RemoteError`."""

    def __init__(self, host: str | None = None, environment: Mapping[str, str] = os.environ) -> None:
        """`host` is a value of DOCKER_HOST: `unix://PATH`, `tcp://HOST:PORT`; by default that of
        `environment`."""
        self.host = host or environment.get("DOCKER_HOST") or DEFAULT_HOST
        self._client, self._base = _client(self.host, environment)
        self._prefix: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def is_there(self) -> bool:
        """See `has_engine`."""
        try:
            with self._failures():
                self._prefix = self._negotiate()
        except AbsentError:
            return False
        return True

    def inspect(self, name: str) -> dict[str, Any]:
        """What the engine says about the image `name`; `NotFoundError` if it has none."""
        return self._json(f"/images/{quote(name, safe='/:@')}/json", f"the image {name!r}")

    def info(self) -> dict[str, Any]:
        """What the engine says about itself."""
        return self._json("/info", "the engine")

    def save(self, name: str) -> Handle:
        """The image `name` as a Docker archive, in an anonymous file."""
        with self._request(
            "GET", f"/images/{quote(name, safe='/:@')}/get", f"the image {name!r}"
        ) as response:
            return spool(Body(response.pieces()), MAX_LAYER_BYTES, f"the image {name!r}")

    def load(self, archive: Iterable[bytes]) -> None:
        """Load a Docker archive."""
        headers = {"Content-Type": "application/x-tar"}
        with self._request("POST", "/images/load?quiet=1", "the image", headers, lambda: archive) as response:
            answer = _limited(response)
        for line in answer.splitlines():
            message = parse_json(line, "the engine's answer").get("error") if line.startswith(b"{") else None
            if message:
                raise RemoteError(f"the engine could not load the image: {printable(str(message)[:500])}")

    def _json(self, path: str, what: str) -> dict[str, Any]:
        with self._request("GET", path, what) as response:
            return parse_json(_limited(response), "the engine's answer")

    @contextmanager
    def _request(
        self,
        method: str,
        path: str,
        what: str,
        headers: Mapping[str, str] | None = None,
        content: Content = None,
    ) -> Iterator[Answer]:
        with self._failures():
            if self._prefix is None:
                self._prefix = self._negotiate()
            response = self._client.send(method, self._base + self._prefix + path, headers, content)
            with closing(response):
                if response.status == 404:
                    raise NotFoundError(
                        f"the Docker engine has no such image: {what}", hint="docker image ls lists them"
                    )
                if response.status >= 400:
                    raise RemoteError(f"the Docker engine refused {what}: {_message(response)}")
                yield response

    def _negotiate(self) -> str:
        """`/vX.Y`: the newest version of the API that both sides speak."""
        answer = self._client.send("GET", f"{self._base}/_ping")
        answer.close()  # its body may be anything
        text = answer.headers.get("Api-Version", "")
        try:
            major, minor = map(int, text.split("."))
        except ValueError:
            raise RemoteError(f"what listens at {self.host} is not a Docker engine") from None
        if (major, minor) < _OLDEST:
            raise RemoteError(
                f"the Docker engine speaks API {text}", hint="engines from 1.12 on are supported"
            )
        return "/v{}.{}".format(*min((major, minor), _NEWEST))

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except ConnectionFailedError as error:
            message = f"no Docker engine answers at {self.host}: {error}"
            if "Permission denied" in str(error):
                hint = "run as root or as a member of the group docker"
                raise HostError(message, hint=hint) from None
            hint = "start it, set DOCKER_HOST, or use docker-archive: or oci: files"
            raise AbsentError(message, hint=hint) from None
        except HttpError as error:
            raise RemoteError(f"the Docker engine at {self.host} failed: {error}") from None


def has_engine(host: str | None = None) -> bool:
    """Whether an engine is there; `HostError` for one that this user may not speak to, `RemoteError` for
    what is no engine."""
    with Engine(host) as engine:
        return engine.is_there()


class Body(io.RawIOBase):
    """The pieces of a response as a raw stream, each read as it came."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, _size: int = -1) -> bytes:
        """The next piece; empty at the end."""
        return next(self._pieces, b"")


def _client(host: str, environment: Mapping[str, str]) -> tuple[LocalClient | Client, str]:
    """Who speaks to the engine, and how its addresses begin."""
    url = urlsplit(host)
    if url.scheme == "unix":
        return LocalClient(url.path, _TIMEOUT), ""
    if url.scheme not in ("tcp", "http", "https") or not url.hostname:
        hint = "unix://PATH and tcp://HOST:PORT are understood; for SSH forward the socket with ssh -L"
        raise UsageError(f"cannot use the Docker engine at {printable(host)!r}", hint=hint)
    secure = url.scheme == "https" or bool(environment.get("DOCKER_TLS_VERIFY"))
    address = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    base = f"{'https' if secure else 'http'}://{address}:{url.port or (2376 if secure else 2375)}"
    return Client(_tls(environment) if secure else None, proxies=False, timeout=_TIMEOUT), base


def _tls(environment: Mapping[str, str]) -> ssl.SSLContext:
    """The certificates that the docker command would use (DOCKER_CERT_PATH)."""
    folder = Path(environment.get("DOCKER_CERT_PATH") or Path.home() / ".docker")
    try:
        context = ssl.create_default_context(cafile=folder / "ca.pem")
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    except (OSError, ssl.SSLError) as error:
        raise HostError(f"the certificates in {folder} cannot be used: {error}") from None
    return context


def _limited(response: Answer) -> bytes:
    """The body, if it is not longer than a document may be."""
    body = bytearray()
    for piece in response.pieces():
        body += piece
        if len(body) > MAX_JSON_BYTES:
            raise RemoteError(f"the Docker engine answers with more than {MAX_JSON_BYTES} bytes")
    return bytes(body)


def _message(response: Answer) -> str:
    body = _limited(response)
    try:
        message = str(parse_json(body, "the answer").get("message", ""))
    except JettisonError:
        message = body[:200].decode(errors="replace")
    return printable(message[:500]) or f"HTTP {response.status}"
