"""A scene under settings: the same run, with everything enforced that this sandbox can enforce."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from jettison.errors import LimitError
from jettison.harden.model import Medium, RunAs, Settings, Storage
from jettison.layers.entry import Kind
from jettison.layers.path import decode_path, normalise
from jettison.layers.tree import FileTree, Node
from jettison.limits import MAX_COPY_BYTES
from jettison.sandbox.spec import Tmpfs, Volume
from jettison.sandbox.users import User
from jettison.verify.replay import Scene

_BLOCK: Final = 1024 * 1024


def user_of(run_as: RunAs, original: User) -> User:
    """The sandbox's user for `run_as`; the original one keeps its groups and its home folder."""
    if (run_as.uid, run_as.gid) == (original.uid, original.gid):
        return original
    return User(run_as.uid, run_as.gid)


def under(scene: Scene, settings: Settings, volumes: Path, *, seccomp: Mapping[str, Any] | None) -> Scene:
    """`scene` with `settings` in force; `volumes` is a folder that `make_volumes` filled, `seccomp` the OCI
    section of the profile."""
    spec = scene.spec
    return replace(
        scene,
        spec=replace(
            spec,
            user=user_of(settings.run_as, spec.user),
            seccomp=seccomp,
            capabilities=tuple(each.name for each in settings.capabilities),
            no_new_privileges=settings.no_new_privileges.on,
            read_only_root=settings.read_only_root.on,
            tmpfs=tuple(_tmpfs(each) for each in settings.storage if each.medium is Medium.TMPFS),
            volumes=tuple(
                Volume(source=volumes / each.name, destination=each.path)
                for each in settings.storage
                if each.medium is Medium.VOLUME
            ),
            memory_bytes=None if settings.memory_bytes is None else settings.memory_bytes.value,
            pids=settings.pids.value,
            open_files=min(settings.open_files.value, spec.open_files),
            shm_bytes=settings.shm_bytes.value,
        ),
    )


def make_volumes(tree: FileTree, settings: Settings, folder: Path) -> None:
    """Make a new volume for each that `settings` ask for, in `folder`: empty, or a copy of the image's
    content. Raises LimitError, HostError."""
    for each in settings.storage:
        if each.medium is Medium.VOLUME:
            target = folder / each.name
            target.mkdir()
            if each.seeded:
                source = normalise(decode_path(each.path))
                node = tree.get(source)
                ours = node is None or (node.uid, node.gid) != (each.uid, each.gid)
                _copy(tree, source, target, (each.uid, each.gid) if ours else None)
            target.chmod(each.mode & 0o7777)
            os.chown(target, each.uid, each.gid)


def _tmpfs(storage: Storage) -> Tmpfs:
    return Tmpfs(
        destination=storage.path,
        size_bytes=storage.size_bytes,
        uid=storage.uid,
        gid=storage.gid,
        mode=storage.mode & 0o7777,
    )


def _copy(tree: FileTree, source: bytes, target: Path, owner: tuple[int, int] | None) -> None:
    """What the image has in `source`, into the new folder `target`, for `owner` if it is to be another; every
    name is one that the tree has checked, and every folder on the way is one that was made here."""
    room = MAX_COPY_BYTES
    for node in tree.walk(source):
        if node.path == source:
            continue
        name = target / os.fsdecode(node.path[len(source) :].lstrip(b"/"))
        if node.kind is Kind.DIR:
            name.mkdir()
        elif node.kind is Kind.SYMLINK:
            name.symlink_to(os.fsdecode(node.target))
        elif node.kind is Kind.FILE:
            room -= node.size
            _copy_file(tree, node, name, room)
        else:
            continue
        os.chown(name, *(owner or (node.uid, node.gid)), follow_symlinks=False)
        if node.kind is not Kind.SYMLINK:
            name.chmod(node.mode & 0o7777)


def _copy_file(tree: FileTree, node: Node, name: Path, room: int) -> None:
    if room < 0:
        raise LimitError(
            f"the image has over {MAX_COPY_BYTES} bytes where the application writes",
            hint="mount a volume there yourself with --mount",
        )
    with tree.open(node) as source, name.open("xb") as file:
        while block := source.read(_BLOCK):
            file.write(block)
