"""Small images as real folders, and the decision on them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jettison.image.config import Healthcheck, History, ImageConfig, RunConfig
from jettison.image.digest import Digest
from jettison.keep.plan import KeepPlan, decide
from jettison.keep.policy import Policy
from jettison.layers.changes import collect
from jettison.layers.entry import Entry, Kind
from jettison.layers.tree import FileTree
from jettison.observe.evidence import (
    Access,
    Evidence,
    Exec,
    ImageIdentity,
    Operation,
    Run,
    Write,
    WriteOperation,
)


@dataclass(frozen=True)
class Exe:
    """A file that may be executed."""

    content: bytes = b"\x7fEL"
    mode: int = 0o755


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass(frozen=True)
class Folder:
    """A folder of its own."""

    mode: int = 0o755
    uid: int = 0


Spec = bytes | str | Exe | Link | Folder


@dataclass
class _Layer:
    directory: Path


@dataclass
class _Image:
    layers: list[_Layer]


def make_tree(root: Path, *layers: Mapping[str, Spec]) -> FileTree:
    """The tree of an image whose layers, base first, hold these paths."""
    folders = []
    for number, layer in enumerate(layers):
        folder = root / f"layer{number}"
        folder.mkdir(parents=True)
        folders.append((_Layer(folder), collect(_entries(folder, layer))))
    return FileTree([changes for _, changes in folders], _Image([layer for layer, _ in folders]))


def _entries(folder: Path, layer: Mapping[str, Spec]) -> list[Entry]:
    known: dict[str, Entry] = {}
    for path, spec in layer.items():
        parts = path.split("/")
        for i in range(1, len(parts)):
            known.setdefault("/".join(parts[:i]), Entry("/".join(parts[:i]).encode(), Kind.DIR, 0o755))
        known[path] = _entry(path.encode(), spec)
        _write(folder / path, spec)
    return [known[path] for path in sorted(known)]


def _entry(path: bytes, spec: Spec) -> Entry:
    match spec:
        case Link(target):
            return Entry(path, Kind.SYMLINK, 0o777, target=target.encode())
        case Folder(mode, uid):
            return Entry(path, Kind.DIR, mode, uid)
        case Exe(content, mode):
            return Entry(path, Kind.FILE, mode, size=len(content))
    return Entry(path, Kind.FILE, 0o644, size=len(_bytes(spec)))


def _bytes(spec: bytes | str) -> bytes:
    return spec.encode() if isinstance(spec, str) else spec


def _write(path: Path, spec: Spec) -> None:
    if isinstance(spec, Folder):
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(spec, Link):
        path.symlink_to(spec.target)
    else:
        path.write_bytes(spec.content if isinstance(spec, Exe) else _bytes(spec))


_EMPTY = re.compile(r"(?:/bin/sh -c #\(nop\)\s+)?(?:CMD|ENTRYPOINT|ENV|EXPOSE|USER)\b")


def make_config(
    *,
    layers: int = 1,
    created_by: tuple[str, ...] = (),
    health: tuple[str, ...] = (),
    cmd: tuple[str, ...] | None = None,
    **run: object,
) -> ImageConfig:
    """A configuration; `created_by` are the instructions, base first (those of CMD, ENV and the like make no
    layer)."""
    history = tuple(History(created_by=text, empty_layer=bool(_EMPTY.match(text))) for text in created_by)
    check = Healthcheck(test=health) if health else None
    diff_ids = tuple(Digest.of(bytes([i])) for i in range(layers))
    config = RunConfig(cmd=cmd, healthcheck=check, **run)
    return ImageConfig("amd64", "linux", diff_ids, config=config, history=history)


def make_evidence(
    *opened: str,
    executed: tuple[str, ...] = (),
    missing: tuple[str, ...] = (),
    written: tuple[str, ...] = (),
    listed: tuple[str, ...] = (),
    linked: tuple[str, ...] = (),
) -> Evidence:
    """Evidence of one complete run that did this."""
    evidence = Evidence(ImageIdentity("test", "sha256:0", "linux/amd64"), runs=[Run("1", ("app",))])
    for operation, paths in (
        (Operation.OPEN, opened),
        (Operation.LIST, listed),
        (Operation.READLINK, linked),
        (Operation.EXEC, executed),
    ):
        for path in paths:
            evidence.paths.setdefault(path, Access()).operations.add(operation)
    for path in executed:
        evidence.execs.append(Exec(path, (path,)))
    evidence.missing = {path: Access({Operation.OPEN}) for path in missing}
    evidence.writes = {path: Write({WriteOperation.CREATE}) for path in written}
    return evidence


def observed(
    tree: FileTree, *opened: str, config: ImageConfig | None = None, **kwargs: tuple[str, ...]
) -> KeepPlan:
    """The plan of the policy `observed` for evidence of `opened` and what `make_evidence` takes."""
    evidence = make_evidence(*opened, **kwargs)
    return decide(tree, evidence, config or make_config(), policy=Policy.OBSERVED)


def balanced(
    tree: FileTree, *opened: str, config: ImageConfig | None = None, **kwargs: tuple[str, ...]
) -> KeepPlan:
    """The plan of the policy `balanced`, likewise."""
    evidence = make_evidence(*opened, **kwargs)
    return decide(tree, evidence, config or make_config(), policy=Policy.BALANCED)
