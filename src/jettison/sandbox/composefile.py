"""One service of a compose file (compose-spec), as the sandbox runs it, and the others, as the engine does.

The document is what the compose tool prints of it: merged, with variables filled in and paths absolute.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jettison.errors import UsageError
from jettison.layers.path import printable
from jettison.sandbox.holder import PROGRAM
from jettison.sandbox.spec import Mount, parse_mount

_ENGINES: Final = """
    build container_name deploy depends_on dns dns_opt dns_search env_file expose extra_hosts healthcheck
    hostname image init labels links logging networks platform ports profiles pull_policy restart
    stdin_open tty
"""
"""Keys that the engine sees to, or that mean nothing for one run."""
_OURS: Final = "command configs entrypoint environment secrets stop_grace_period user volumes working_dir"
_HELD: Final = ("depends_on", "dns", "dns_opt", "dns_search", "extra_hosts", "hostname", "links", "networks")
"""What the container that holds the service's network takes over from it."""
_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


@dataclass(frozen=True, kw_only=True)
class Service:
    """How a service is run; None and empty: as its image says."""

    env: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    user: str | None = None
    working_dir: str | None = None
    mounts: tuple[Mount, ...] = ()
    stop_timeout: float | None = None
    """Seconds."""
    ignored: tuple[str, ...] = ()
    """Keys of the service that the sandbox does not apply."""
    healthy: tuple[str, ...] = ()
    """The services that must be healthy before it starts."""


def parse_service(document: Mapping[str, Any], name: str) -> Service:
    """The service `name` of `document`. Raises `UsageError` where there is none, or it cannot be run."""
    service = _service(document, name)
    mode = service.get("network_mode")
    if mode is not None:
        raise UsageError(
            f"the service {name} has network_mode {printable(str(mode))!r}, which nothing can hold for it",
            hint="start its dependencies yourself, and use --network",
        )
    return Service(
        env=tuple(_environment(service.get("environment") or {})),
        entrypoint=_words(service.get("entrypoint")),
        command=_words(service.get("command")),
        user=_text(service.get("user")),
        working_dir=_text(service.get("working_dir")),
        mounts=(*_volumes(service), *_files(document, service)),
        stop_timeout=_seconds(service.get("stop_grace_period")),
        ignored=tuple(sorted(service.keys() - {*_ENGINES.split(), *_OURS.split()})),
        healthy=tuple(_healthy(service.get("depends_on") or {})),
    )


def beside(document: Mapping[str, Any], name: str, image: str) -> dict[str, Any]:
    """`document` with the service `name` replaced by a container of `image` that holds its network.

    Nothing of it can meet what the user has running: no container, network or volume has a name of its own
    choice, and no port of this host is taken. Networks and volumes that are external stay what they are.
    """
    target = _service(document, name)
    services = {other: _alone(dict(service)) for other, service in document["services"].items()}
    held: dict[str, Any] = {key: target[key] for key in _HELD if key in target}
    services[name] = {**held, "image": image, "entrypoint": [PROGRAM], "init": False, "command": []}
    for service in services.values():
        wanted = service.get("depends_on")
        if isinstance(wanted, dict) and name in wanted:  # the holder has no health, and never completes
            service["depends_on"] = {**wanted, name: {"condition": "service_started"}}
    found = {key: value for key, value in document.items() if key != "name"}
    for kind in ("networks", "volumes"):
        if isinstance(found.get(kind), dict):
            found[kind] = {key: _unnamed(value) for key, value in found[kind].items()}
    return {**found, "services": services}


def _service(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    services = document.get("services")
    if not isinstance(services, dict) or not isinstance(services.get(name), dict):
        known = ", ".join(sorted(map(str, services))) if isinstance(services, dict) else ""
        raise UsageError(
            f"the compose file has no service {printable(name)!r}", hint=f"it has: {printable(known)}"
        )
    found: dict[str, Any] = services[name]
    return found


def _alone(service: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in service.items() if key not in ("container_name", "ports")}


def _unnamed(value: Any) -> Any:
    if not isinstance(value, dict) or value.get("external"):
        return value
    return {key: each for key, each in value.items() if key != "name"}


def _environment(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        yield from (_plain(str(each)) for each in value)
        return
    for name, text in value.items():
        if text is None:
            yield str(name)
        else:
            yield f"{name}={_plain(str(text).lower() if isinstance(text, bool) else str(text))}"


def _plain(text: str) -> str:
    """`$$` stands for `$` in a compose file, also in the one that the tool prints."""
    return text.replace("$$", "$")


def _words(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    words = shlex.split(value) if isinstance(value, str) else value
    return tuple(_plain(str(word)) for word in words)


def _text(value: Any) -> str | None:
    return None if value is None else _plain(str(value))


def _volumes(service: Mapping[str, Any]) -> Iterator[Mount]:
    """Its bind mounts. A volume of the engine is empty in a new project, and so is what the sandbox has in
    its place: the folder of the image."""
    for volume in service.get("volumes") or ():
        if isinstance(volume, str):
            source, separator, rest = _plain(volume).partition(":")
            if separator and source.startswith("/"):
                destination, _, options = rest.partition(":")
                read_only = "ro" in options.split(",")
                yield parse_mount(f"{source}:{destination}:{'ro' if read_only else 'rw'}")
        elif volume.get("type") == "bind":
            mode = "ro" if volume.get("read_only") else "rw"
            yield parse_mount(f"{_plain(str(volume['source']))}:{_plain(str(volume['target']))}:{mode}")


def _files(document: Mapping[str, Any], service: Mapping[str, Any]) -> Iterator[Mount]:
    """Secrets and configs that are files of this host."""
    for kind, folder in (("secrets", "/run/secrets/"), ("configs", "/")):
        declared = document.get(kind) or {}
        for use in service.get(kind) or ():
            source = use if isinstance(use, str) else str(use.get("source"))
            target = source if isinstance(use, str) else str(use.get("target") or source)
            file = (declared.get(source) or {}).get("file")
            if file:
                destination = Path(folder, target)
                yield parse_mount(f"{_plain(str(file))}:{destination}:ro")


def _healthy(wanted: Any) -> Iterator[str]:
    if isinstance(wanted, dict):
        for name, how in wanted.items():
            if isinstance(how, dict) and how.get("condition") == "service_healthy":
                yield str(name)


def _seconds(value: Any) -> float | None:
    """A duration such as `1m30s`."""
    if value is None:
        return None
    parts = re.findall(r"(\d+(?:\.\d+)?)(h|ms|us|ns|m|s)", str(value))
    if "".join(number + unit for number, unit in parts) != str(value):
        raise UsageError(f"not a duration: {printable(str(value))!r}")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
