"""Which images a project builds, with which arguments: Compose files and files of `docker buildx bake`.

Sources: the Compose specification ("Compose Build Specification") and the bake file reference. Bake's own
language is not evaluated: functions and matrices would need an interpreter of HCL, and bake itself prints
the JSON that they come to.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from jettison.errors import UsageError
from jettison.lint.build import expand

MAX_PROJECT_BYTES: Final = 1024 * 1024
"""A Compose or bake file; real ones have a few kilobytes."""
_REMOTE: Final = ("http://", "https://", "git://", "git@", "ssh://", "docker-image://", "oci-layout://")


@dataclass(frozen=True, slots=True)
class Target:
    """One image that a project builds."""

    dockerfile: Path
    context: Path
    args: tuple[tuple[str, str | None], ...]
    """Build arguments; None as a value means that it comes from the environment of the build."""
    target: str | None


def targets(path: Path) -> list[Target]:
    """The images with a Dockerfile on this host, each once, in the order of the file.

    Raises `UsageError` if the file cannot be read, or is not what its name says.
    """
    if path.suffix == ".hcl":
        raise UsageError(
            f"{path}: bake's own language is not read",
            hint=f"docker buildx bake --file {path} --print > bake.json; jettison lint --compose bake.json",
        )
    document = _document(path)
    if path.suffix == ".json" and "target" in document:
        found = _bake(document["target"], path)
    else:
        found = _compose(document, path)
    return list(dict.fromkeys(found))


def _document(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_PROJECT_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > MAX_PROJECT_BYTES:
        raise UsageError(f"{path}: larger than {MAX_PROJECT_BYTES} bytes")
    try:
        document = json.loads(data) if path.suffix == ".json" else yaml.safe_load(data)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise UsageError(f"{path}: cannot be read: {' '.join(str(error).split())}") from None
    return _mapping(document, str(path))


def _compose(document: Mapping[str, Any], path: Path) -> Iterator[Target]:
    if "services" not in document:
        raise UsageError(f"{path}: neither `services` nor, as JSON, `target`: no Compose or bake file")
    for name, service in _mapping(document["services"], f"{path}: services").items():
        where = f"{path}: services.{name}"
        build = _mapping(service or {}, where).get("build")
        if isinstance(build, str):
            build = {"context": build}
        if build is not None:
            yield from _target(_mapping(build, f"{where}.build"), "dockerfile_inline", path, f"{where}.build")


def _bake(table: Any, path: Path) -> Iterator[Target]:
    known = _mapping(table, f"{path}: target")
    for name in known:
        where = f"{path}: target.{name}"
        yield from _target(_inherited(name, known, where, ()), "dockerfile-inline", path, where)


def _inherited(name: str, known: Mapping[str, Any], where: str, seen: tuple[str, ...]) -> dict[str, Any]:
    """A target of bake on top of those it inherits from; arguments add up."""
    if name not in known or name in seen:
        raise UsageError(f"{where}.inherits: {name!r} is no other target")
    own = dict(_mapping(known[name], where))
    merged: dict[str, Any] = {}
    for parent in _list(own.get("inherits"), f"{where}.inherits"):
        merged |= _inherited(parent, known, where, (*seen, name))
    args = {**merged.get("args", {}), **_mapping(own.get("args") or {}, f"{where}.args")}
    return {**merged, **own, "args": args}


def _target(build: Mapping[str, Any], inline: str, path: Path, where: str) -> Iterator[Target]:
    """The target, if its context is a folder of this host and its Dockerfile a file."""
    context, name = _text(build.get("context"), "."), _text(build.get("dockerfile"), "Dockerfile")
    if context is None or name is None or context.startswith(_REMOTE) or build.get(inline):
        return
    folder = Path(os.path.normpath(path.parent / context))
    target = _text(build.get("target"), "")
    args = tuple(sorted(_arguments(build.get("args"), f"{where}.args")))
    yield Target(folder / name, folder, args, target or None)


def _arguments(value: Any, where: str) -> Iterator[tuple[str, str | None]]:
    """A table, or a list of `NAME=VALUE`; a name alone takes its value from the environment."""
    if isinstance(value, list):
        pairs = [item.partition("=") for item in _list(value, where)]
        table: Mapping[str, Any] = {name: text if equals else None for name, equals, text in pairs}
    else:
        table = _mapping(value or {}, where)
    for name, given in table.items():
        plain = str(given).lower() if isinstance(given, bool) else given
        yield str(name), None if plain is None else _text(plain, "")


def _text(value: Any, default: str) -> str | None:
    """A value with `${NAME:-default}` replaced; None if it depends on the environment of the build."""
    if not isinstance(value, str | int | float | None):
        return None  # no text, and not to be made one: aliases of YAML may stand for gigabytes
    text = default if value is None else str(value)
    return expand(text.replace("\\", "\\\\"), {}) if "$" in text else text


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise UsageError(f"{where}: expected a table")
    return value


def _list(value: Any, where: str) -> list[str]:
    items = [value] if isinstance(value, str) else value or []
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise UsageError(f"{where}: expected a list of strings")
    return items
