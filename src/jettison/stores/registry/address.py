"""Where a repository is reached: hosts, mirrors, and which of them may be spoken to without TLS."""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jettison.errors import UsageError
from jettison.image.reference import Reference
from jettison.limits import MAX_SMALL_FILE_BYTES

_HUB = "docker.io"
_HUB_SERVER = "registry-1.docker.io"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A repository at a host."""

    host: str
    """`HOST[:PORT]` as in references; also what credentials are kept under."""
    repository: str
    insecure: bool = False
    """Plain HTTP and certificates of unknown origin are accepted."""

    @property
    def server(self) -> str:
        """`HOST[:PORT]` to connect to."""
        return _HUB_SERVER if self.host == _HUB else self.host

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this host."""
        return is_loopback(hostname(self.host))

    def __str__(self) -> str:
        return f"{self.host}/{self.repository}"


def endpoint_of(reference: Reference) -> Endpoint:
    """The repository of `reference`; `redis` is `docker.io/library/redis`. Raises `UsageError` if it names
    none."""
    if not reference.name:
        raise UsageError(f"{reference} names no repository", hint="write docker://HOST/NAME[:TAG|@DIGEST]")
    bare = replace(reference, tag=None, digest=None).canonical.removesuffix(":latest")
    host, _, repository = bare.partition("/")
    return Endpoint(host, repository)


def sources(endpoint: Endpoint, environment: Mapping[str, str] = os.environ) -> list[Endpoint]:
    """Where to pull `endpoint` from: its mirrors in order, then itself (containers-registries.conf(5)).

    The first of these files is read: `$CONTAINERS_REGISTRIES_CONF`, `~/.config/containers/registries.conf`,
    `/etc/containers/registries.conf`. Raises `UsageError` if it is malformed or blocks the registry.
    """
    path, rules = _rules(environment)
    matching = [rule for rule in rules if _covers(_prefix(rule), str(endpoint))]
    if not matching:
        return [endpoint]
    rule = max(matching, key=lambda each: len(_prefix(each)))
    if rule.get("blocked"):
        raise UsageError(f"{path} blocks the registry {endpoint.host}")
    mirrors = rule.get("mirror", [])
    if not isinstance(mirrors, list) or not all(isinstance(each, dict) for each in mirrors):
        raise UsageError(f"{path}: the mirrors of {_prefix(rule)!r} are not tables")
    places = [*mirrors, {"location": rule.get("location") or _prefix(rule), "insecure": rule.get("insecure")}]
    return [_moved(endpoint, _prefix(rule), place, path) for place in places]


def sink(endpoint: Endpoint, environment: Mapping[str, str] = os.environ) -> Endpoint:
    """Where to push `endpoint` to: never a mirror. Raises as `sources` does."""
    return sources(endpoint, environment)[-1]


def hostname(host: str) -> str:
    """`host` without its port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def is_loopback(name: str) -> bool:
    """Whether the host `name` is this one, whatever the resolver says."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _literal(name)
    return address is not None and address.is_loopback


def is_inner(name: str) -> bool:
    """Whether `name` is an address that only this host or its link reaches: services there trust whoever
    asks, such as the metadata service of a cloud."""
    address = _literal(name)
    return is_loopback(name) or (address is not None and (address.is_link_local or address.is_unspecified))


def _literal(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _rules(environment: Mapping[str, str]) -> tuple[Path, list[dict[str, Any]]]:
    own = environment.get("CONTAINERS_REGISTRIES_CONF")
    home = Path(environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME") or "/") / ".config")
    usual = [home / "containers/registries.conf", Path("/etc/containers/registries.conf")]
    path = Path(own) if own else next((each for each in usual if each.is_file()), usual[-1])
    try:
        with path.open("rb") as stream:
            value = tomllib.loads(stream.read(MAX_SMALL_FILE_BYTES).decode())
    except FileNotFoundError:
        return path, []
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None
    rules = value.get("registry", [])
    if not isinstance(rules, list) or not all(isinstance(rule, dict) and _prefix(rule) for rule in rules):
        raise UsageError(f"{path}: each [[registry]] needs a prefix or a location")
    return path, rules


def _prefix(rule: Mapping[str, Any]) -> str:
    return str(rule.get("prefix") or rule.get("location") or "")


def _covers(prefix: str, name: str) -> bool:
    if prefix.startswith("*."):
        return name.partition("/")[0].endswith(prefix[1:])
    return name == prefix or name.startswith((f"{prefix}/", f"{prefix}:"))


def _moved(endpoint: Endpoint, prefix: str, place: Mapping[str, Any], path: Path) -> Endpoint:
    """`endpoint` with `prefix` replaced by the location of `place`."""
    name, location = str(endpoint), str(place.get("location") or "")
    if prefix.startswith("*."):  # such a rule only says how its registries are spoken to
        moved = name if location == prefix or not location else location + name[len(endpoint.host) :]
    else:
        moved = location + name[len(prefix) :]
    host, _, repository = moved.partition("/")
    if not host or not repository:
        raise UsageError(f"{path}: the location {location!r} leads to no repository")
    return Endpoint(host, repository, insecure=bool(place.get("insecure")))
