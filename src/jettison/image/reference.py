"""Image references in skopeo's transports (containers-transports(5)), and Docker's names
(distribution/reference)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from jettison.errors import InvalidInputError, UsageError
from jettison.image.digest import Digest
from jettison.layers.path import printable


class Transport(StrEnum):
    """Where an image lives."""

    DOCKER_DAEMON = "docker-daemon"
    PODMAN = "podman"
    DOCKER = "docker"
    OCI = "oci"
    OCI_ARCHIVE = "oci-archive"
    DOCKER_ARCHIVE = "docker-archive"
    BARE = ""


FILES = frozenset({Transport.OCI, Transport.OCI_ARCHIVE, Transport.DOCKER_ARCHIVE})
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?"
_NAME = re.compile(rf"(?:(?={_HOST}/)(?:localhost|[^/]*[.:A-Z][^/]*)/)?{_PART}(?:/{_PART})*\Z")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\Z")
_REF_NAME = re.compile(r"[A-Za-z0-9]+(?:[-._:@/+]+[A-Za-z0-9]+)*\Z")
_MAX_NAME = 255
_HINT = (
    "write NAME[:TAG], docker-daemon:NAME[:TAG], podman:NAME[:TAG], docker://HOST/NAME[:TAG], oci:DIR[:TAG], "
    "oci-archive:FILE[:TAG] or docker-archive:FILE"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A parsed reference; `str()` gives back what was parsed."""

    transport: Transport
    name: str = ""
    """Repository as written: `redis`, `registry.example/team/app`; empty for OCI layouts and where none
    was given."""
    tag: str | None = None
    digest: Digest | None = None
    path: Path | None = None
    """The file or folder, for the transports in `FILES`."""

    @property
    def canonical(self) -> str:
        """`docker.io/library/redis:latest` for `redis`: what two spellings of one name have in common."""
        host, slash, rest = self.name.partition("/")
        if not slash or not (host == "localhost" or re.search(r"[.:A-Z]", host)):
            host, rest = "docker.io", self.name if slash else f"library/{self.name}"
        if host in ("index.docker.io", "registry-1.docker.io"):
            host = "docker.io"
        if host == "docker.io" and "/" not in rest:
            rest = f"library/{rest}"
        return f"{host}/{rest}@{self.digest}" if self.digest else f"{host}/{rest}:{self.tag or 'latest'}"

    @property
    def familiar(self) -> str:
        """`NAME[:TAG][@DIGEST]` without the transport, as engines take it."""
        tag = f":{self.tag}" if self.tag and self.name else self.tag or ""
        at = "@" if self.name else ""
        return f"{self.name}{tag}" + (f"{at}{self.digest}" if self.digest else "")

    def __str__(self) -> str:
        if self.transport is Transport.DOCKER:
            return f"docker://{self.familiar}"
        parts = [self.transport.value, str(self.path) if self.path else "", self.familiar]
        return ":".join(part for part in parts if part)


def parse_reference(text: str) -> Reference:
    """The reference in `text`; raises `UsageError`, with the forms that are understood, for anything else."""
    if not text or not text.isprintable():
        raise UsageError(f"not an image reference: {printable(text)!r}", hint=_HINT)
    scheme, colon, rest = text.partition(":")
    if not colon or scheme not in set(Transport) or not scheme:
        return _named(Transport.BARE, text, text)
    transport = Transport(scheme)
    if transport in FILES:
        return _located(transport, rest, text)
    if transport is Transport.DOCKER:
        if not rest.startswith("//"):
            raise UsageError(
                f"not an image reference: {text!r}", hint="registries are written docker://HOST/NAME[:TAG]"
            )
        rest = rest[2:]
    return _named(transport, rest, text)


def _located(transport: Transport, rest: str, text: str) -> Reference:
    """`PATH[:REST]`; as in skopeo the first colon ends the path."""
    path, _, inner = rest.partition(":")
    if not path:
        raise UsageError(f"the reference {text!r} has no path", hint=_HINT)
    if transport is Transport.DOCKER_ARCHIVE:
        named = _named(transport, inner, text) if inner else Reference(transport)
        return Reference(transport, named.name, named.tag, named.digest, Path(path))
    if inner and (not _REF_NAME.match(inner) or len(inner) > _MAX_NAME):
        raise UsageError(f"{inner!r} in {text!r} is not a valid tag of an OCI layout")
    return Reference(transport, tag=inner or None, path=Path(path))


def _named(transport: Transport, rest: str, text: str) -> Reference:
    """`NAME[:TAG][@DIGEST]`, or an image id `sha256:…`."""
    if rest.startswith(("sha256:", "sha512:")):
        return Reference(transport, digest=_digest(rest, text))
    name, at, digest = rest.partition("@")
    head, slash, last = name.rpartition("/")
    last, colon, tag = last.partition(":")
    name = head + slash + last
    if not _NAME.match(name) or len(name) > _MAX_NAME or (colon and not _TAG.match(tag)):
        raise UsageError(f"not an image reference: {text!r}", hint=_HINT)
    return Reference(transport, name, tag or None, _digest(digest, text) if at else None)


def _digest(digest: str, text: str) -> Digest:
    try:
        return Digest(digest)
    except InvalidInputError as error:
        raise UsageError(f"not an image reference: {text!r}: {error}", hint=error.hint) from None
