"""The image config (OCI image-spec, config.md; Docker image spec v1.2 for HEALTHCHECK, SHELL and ONBUILD)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct, structs, to_builtins

from jettison.errors import InvalidInputError, LimitError
from jettison.image import document
from jettison.image.digest import Digest
from jettison.limits import MAX_LAYERS

Nanoseconds = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Healthcheck(Struct, frozen=True):
    """HEALTHCHECK; a zero means the engine's default."""

    test: tuple[str, ...] = ()
    """`("NONE",)`, `("CMD", argument, …)` or `("CMD-SHELL", command)`; empty: inherited, that is none
    here."""
    interval_ns: Nanoseconds = 0
    timeout_ns: Nanoseconds = 0
    start_period_ns: Nanoseconds = 0
    start_interval_ns: Nanoseconds = 0
    retries: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0


class RunConfig(Struct, frozen=True):
    """How the image is run when nobody says otherwise (config.md, "config")."""

    user: str = ""
    env: tuple[str, ...] = ()
    """`NAME=VALUE`, in order."""
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    working_dir: str = ""
    exposed_ports: tuple[str, ...] = ()
    """`80/tcp`, sorted."""
    volumes: tuple[str, ...] = ()
    """Absolute paths, sorted."""
    labels: dict[str, str] = {}
    stop_signal: str = ""
    healthcheck: Healthcheck | None = None
    shell: tuple[str, ...] = ()
    on_build: tuple[str, ...] = ()


class History(Struct, frozen=True, omit_defaults=True):
    """One instruction that made the image (config.md, "history")."""

    created: str = ""
    created_by: str = ""
    author: str = ""
    comment: str = ""
    empty_layer: bool = False
    """It made no layer."""


class ImageConfig(Struct, frozen=True):
    """The parsed config; `jettison.image.model.Image.raw_config` holds the bytes."""

    architecture: str
    os: str
    diff_ids: tuple[Digest, ...]
    """Digests of the uncompressed layers, base first."""
    variant: str = ""
    created: str = ""
    author: str = ""
    config: RunConfig = RunConfig()
    history: tuple[History, ...] = ()

    @property
    def platform(self) -> str:
        """`os/architecture[/variant]`."""
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))


_RUN_FIELDS = {
    "User": "user",
    "Env": "env",
    "Entrypoint": "entrypoint",
    "Cmd": "cmd",
    "WorkingDir": "working_dir",
    "Labels": "labels",
    "StopSignal": "stop_signal",
    "Shell": "shell",
    "OnBuild": "on_build",
}
_HEALTH_FIELDS = {
    "Test": "test",
    "Interval": "interval_ns",
    "Timeout": "timeout_ns",
    "StartPeriod": "start_period_ns",
    "StartInterval": "start_interval_ns",
    "Retries": "retries",
}


def parse_config(raw: bytes) -> ImageConfig:
    """The config in `raw`. Fields that this program does not know are left alone.

    Raises `InvalidInputError` (with the JSON path) for what is malformed, `LimitError` over `MAX_LAYERS`.
    """
    value = document.without_nulls(document.parse_json(raw, "the image config"))
    run = _run_config(_mapping(value.get("config", {}), "$.config"))
    history = [
        document.without_nulls(_mapping(entry, "$.history"))
        for entry in _list(value.get("history", []), "$.history")
    ]
    known: dict[str, Any] = {"config": run, "history": history, "diff_ids": ()}
    known |= {
        key: value[key] for key in ("architecture", "os", "variant", "created", "author") if key in value
    }
    parsed = document.convert(known, ImageConfig, "the image config")
    return structs.replace(parsed, diff_ids=_diff_ids(value))


def rewrite_config(
    raw: bytes, *, diff_ids: Sequence[Digest], history: Sequence[History], created: str
) -> bytes:
    """`raw` with other layers: every field but `rootfs`, `history` and `created` keeps its value, unknown
    ones too.

    `created` is RFC 3339. The same arguments give the same bytes.
    """
    value = document.parse_json(raw, "the image config")
    value["rootfs"] = {"type": "layers", "diff_ids": [str(digest) for digest in diff_ids]}
    value["history"] = to_builtins(list(history))
    value["created"] = created
    return document.canonical(value)


def _run_config(value: dict[str, Any]) -> dict[str, Any]:
    value = document.without_nulls(value)
    run = {ours: value[theirs] for theirs, ours in _RUN_FIELDS.items() if theirs in value}
    run["exposed_ports"] = sorted(_mapping(value.get("ExposedPorts", {}), "$.config.ExposedPorts"))
    run["volumes"] = sorted(_mapping(value.get("Volumes", {}), "$.config.Volumes"))
    if "Healthcheck" in value:
        health = document.without_nulls(_mapping(value["Healthcheck"], "$.config.Healthcheck"))
        run["healthcheck"] = {
            ours: health[theirs] for theirs, ours in _HEALTH_FIELDS.items() if theirs in health
        }
    _refuse_nul(run)
    return run


def _refuse_nul(run: dict[str, Any]) -> None:
    """No argument, variable or path of a process can hold NUL; it would be cut there, or fail late."""
    health = run.get("healthcheck", {})
    for name, value in (*run.items(), ("healthcheck", health.get("test"))):
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and "\0" in text:
                raise InvalidInputError(f"the image config: $.config: {name} holds a NUL character")


def _diff_ids(value: dict[str, Any]) -> tuple[Digest, ...]:
    rootfs = document.without_nulls(_mapping(value.get("rootfs", {}), "$.rootfs"))
    listed = _list(rootfs.get("diff_ids", []), "$.rootfs.diff_ids")
    if len(listed) > MAX_LAYERS:
        raise LimitError(f"the image config lists {len(listed)} layers; the limit is {MAX_LAYERS}")
    return tuple(Digest(text) for text in listed)


def _mapping(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInputError(f"the image config: {where} is not an object")
    return value


def _list(value: object, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidInputError(f"the image config: {where} is not a list")
    return value
