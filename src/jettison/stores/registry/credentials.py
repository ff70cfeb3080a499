"""Credentials that the user's other tools keep: Docker's config.json with its helpers, Podman's auth.json
(containers-auth.json(5))."""

from __future__ import annotations

import base64
import binascii
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jettison.errors import HostError, JettisonError, RemoteError
from jettison.image.document import parse_json
from jettison.layers.path import printable
from jettison.limits import CREDENTIAL_HELPER_TIMEOUT_S, MAX_JSON_BYTES, MAX_TOKEN_BYTES
from jettison.stores.registry.address import Endpoint

_HELPER = re.compile(r"[A-Za-z0-9._-]{1,100}\Z")
_HUB_KEY = "https://index.docker.io/v1/"
_TOKEN_USER = "<token>"  # noqa: S105 - what helpers say instead of a name
_UNKNOWN = "credentials not found"


@dataclass(frozen=True, slots=True)
class Credential:
    """A name and a password, or an identity token; neither is ever shown."""

    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)


def find_credential(endpoint: Endpoint, environment: Mapping[str, str] = os.environ) -> Credential | None:
    """What the user's files say for `endpoint`, the most particular entry of the first file that has one.

    Raises `HostError` for a file that cannot be read or a helper that does not work.
    """
    for path in _files(environment):
        document = _read(path)
        if document is None:
            continue
        for key in _keys(endpoint):
            found = _entry(document, key, path) or _from_helper(document, key, environment)
            if found is not None:
                return found
    return None


def _files(environment: Mapping[str, str]) -> Iterator[Path]:
    home = Path(environment.get("HOME") or "/")
    if own := environment.get("REGISTRY_AUTH_FILE"):
        yield Path(own)
    elif runtime := environment.get("XDG_RUNTIME_DIR"):
        yield Path(runtime, "containers/auth.json")
    else:
        yield Path(f"/run/containers/{os.getuid()}/auth.json")
    yield Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "containers/auth.json"
    yield Path(environment.get("DOCKER_CONFIG") or home / ".docker") / "config.json"


def _read(path: Path) -> dict[str, Any] | None:
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_JSON_BYTES + 1)
        return parse_json(raw, str(path)) if raw.strip() else None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise HostError(f"the credentials in {path} cannot be read: {error.strerror}") from None
    except JettisonError as error:
        raise HostError(f"the credentials in {path} cannot be used: {error}") from None


def _keys(endpoint: Endpoint) -> Iterator[str]:
    """What an entry for `endpoint` may be called, the most particular first."""
    parts = str(endpoint).split("/")
    yield from ("/".join(parts[:length]) for length in range(len(parts), 0, -1))
    if endpoint.host == "docker.io":
        yield from (_HUB_KEY, "index.docker.io", endpoint.server)


def _entry(document: Mapping[str, Any], key: str, path: Path) -> Credential | None:
    entries = document.get("auths")
    if not isinstance(entries, dict):
        return None
    found = next((entry for name, entry in entries.items() if _bare(name) == _bare(key)), None)
    if not isinstance(found, dict):
        return None
    token = found.get("identitytoken")
    if isinstance(token, str) and token:
        return Credential(identity_token=token)
    return _basic(found.get("auth"), path)


def _bare(key: str) -> str:
    """`https://HOST/v1/` as `HOST`: what older versions of Docker wrote."""
    scheme, separator, rest = key.partition("://")
    return rest.partition("/")[0] if separator else scheme


def _basic(value: object, path: Path) -> Credential | None:
    if not isinstance(value, str) or not value:
        return None
    try:
        name, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = ""
    if not colon:
        raise HostError(f"an entry of {path} is not a name and a password", hint="log in again")
    return Credential(name, password.rstrip("\0"))


def _from_helper(document: Mapping[str, Any], key: str, environment: Mapping[str, str]) -> Credential | None:
    helpers = document.get("credHelpers")
    name = helpers.get(key) if isinstance(helpers, dict) else None
    if name is None and ("/" not in key or key == _HUB_KEY):
        name = document.get("credsStore")
    return _ask(name, key, environment) if isinstance(name, str) and name else None


def _ask(name: str, key: str, environment: Mapping[str, str]) -> Credential | None:
    """What the program `docker-credential-NAME` has for `key` (docker-credential-helpers, "get")."""
    if not _HELPER.match(name):
        raise HostError(f"not the name of a credential helper: {printable(name)!r}")
    program = f"docker-credential-{name}"
    try:
        done = subprocess.run(
            [program, "get"],
            input=key.encode(),
            capture_output=True,
            timeout=CREDENTIAL_HELPER_TIMEOUT_S,
            env=dict(environment),
            check=False,
        )
    except FileNotFoundError:
        raise HostError(f"{program} is not installed", hint="install it, or log in without it") from None
    except (OSError, subprocess.TimeoutExpired):
        raise RemoteError(f"{program} does not answer", hint="log in again") from None
    answer = done.stdout[: MAX_TOKEN_BYTES + 1]
    if done.returncode:
        if _UNKNOWN in answer.decode(errors="replace"):
            return None
        raise RemoteError(f"{program} failed with exit code {done.returncode}", hint="log in again")
    return _answered(answer, program)


def _answered(answer: bytes, program: str) -> Credential:
    try:
        value = parse_json(answer, "the answer")
    except JettisonError:  # its text may be the secret
        value = {}
    name, secret = value.get("Username"), value.get("Secret")
    if len(answer) > MAX_TOKEN_BYTES or not isinstance(name, str) or not isinstance(secret, str):
        raise RemoteError(f"{program} does not answer as a credential helper does", hint="log in again")
    return Credential(identity_token=secret) if name == _TOKEN_USER else Credential(name, secret)
