"""Answering a registry's challenge: basic authentication, and tokens (distribution, spec/auth)."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from msgspec import Struct

from jettison.errors import RemoteError
from jettison.image.document import convert, parse_json
from jettison.layers.path import printable
from jettison.limits import MAX_TOKEN_BYTES
from jettison.stores.registry.address import Endpoint, is_inner, is_loopback
from jettison.stores.registry.credentials import Credential

_CHALLENGE = re.compile(r'(?:^|,)\s*(Basic|Bearer)\b((?:\s*,?\s*\w+=(?:"[^"]*"|[^\s",]+))*)', re.IGNORECASE)
_PARAMETER = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s",]+))')
_CLIENT = "jettison"


@dataclass(frozen=True, slots=True)
class Request:
    """A request to a token server; it holds secrets."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    content: bytes | None = field(default=None, repr=False)


Sender = Callable[[Request], tuple[int, bytes]]
"""Sends one request; status and body, of at most so many bytes as a token may have."""


class Challenge(Struct, frozen=True):
    """One challenge of `WWW-Authenticate` (RFC 9110, section 11.6.1)."""

    scheme: str
    parameters: dict[str, str]


class _Token(Struct, frozen=True):
    token: str = ""
    access_token: str = ""


def challenges(values: Iterable[str]) -> list[Challenge]:
    """The challenges in the header's values that this program can answer."""
    return [
        Challenge(scheme.lower(), {k.lower(): a or b for k, a, b in _PARAMETER.findall(parameters)})
        for value in values
        for scheme, parameters in _CHALLENGE.findall(value)
    ]


def basic(credential: Credential) -> str:
    """The value of `Authorization` for `credential`."""
    pair = f"{credential.username}:{credential.password}".encode()
    return "Basic " + base64.b64encode(pair).decode()


def authorization(
    offered: Iterable[Challenge],
    endpoint: Endpoint,
    scopes: Iterable[str],
    credential: Credential | None,
    *,
    plain: bool,
    send: Sender,
) -> str:
    """The value of `Authorization` that answers one of the challenges; a token is preferred.

    `plain`: the registry itself is spoken to without TLS, so its token server may be too. Raises
    `RemoteError` if the registry wants credentials that the user has not, or refuses them.
    """
    by_scheme = {each.scheme: each for each in offered}
    if bearer := by_scheme.get("bearer"):
        request = _request(bearer, endpoint, scopes, credential, plain=plain)
        status, body = send(request)
        if status != 200:
            raise RemoteError(
                f"the token server of {endpoint.host} refuses {endpoint.repository} (HTTP {status})",
                hint=_login(endpoint),
            )
        return "Bearer " + _token(body, endpoint)
    if "basic" in by_scheme and credential is not None and credential.username:
        return basic(credential)
    raise RemoteError(f"{endpoint.host} wants credentials for {endpoint.repository}", hint=_login(endpoint))


def _login(endpoint: Endpoint) -> str:
    return f"log in: docker login {endpoint.host}, or podman login {endpoint.host}"


def _request(
    challenge: Challenge,
    endpoint: Endpoint,
    scopes: Iterable[str],
    credential: Credential | None,
    *,
    plain: bool,
) -> Request:
    realm = challenge.parameters.get("realm", "")
    _check_realm(realm, endpoint, plain=plain)
    service = challenge.parameters.get("service", "")
    if credential is not None and credential.identity_token:
        form = {
            "grant_type": "refresh_token",
            "service": service,
            "client_id": _CLIENT,
            "refresh_token": credential.identity_token,
            "scope": " ".join(scopes),
        }
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return Request("POST", realm, kind, urlencode(form).encode())
    query = [("service", service)] if service else []
    query += [("scope", scope) for scope in scopes]
    headers = {"Authorization": basic(credential)} if credential is not None else {}
    separator = "&" if urlsplit(realm).query else "?"
    return Request("GET", f"{realm}{separator}{urlencode(query)}", headers)


def _check_realm(realm: str, endpoint: Endpoint, *, plain: bool) -> None:
    """The user's password goes there, at the word of the registry: never in the clear, and never to services
    that only this host reaches."""
    url = urlsplit(realm)
    name = url.hostname or ""
    inner = is_inner(name) and not (endpoint.is_loopback and is_loopback(name))
    if url.scheme not in ("https", "http") or not name or inner or url.username:
        raise RemoteError(f"{endpoint.host} names a token server that is not asked: {printable(name)!r}")
    if url.scheme == "http" and not plain:
        raise RemoteError(f"the token server of {endpoint.host} has no TLS", hint="nothing was sent to it")


def _token(body: bytes, endpoint: Endpoint) -> str:
    if len(body) > MAX_TOKEN_BYTES:
        raise RemoteError(f"the token server of {endpoint.host} answers with too much")
    found = convert(parse_json(body, "the token server's answer"), _Token, "the token server's answer")
    token = found.token or found.access_token
    if not token or not token.isascii() or not token.isprintable():
        raise RemoteError(f"the token server of {endpoint.host} gives no token")
    return token
