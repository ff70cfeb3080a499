"""Inspecting one image: the looks that the other modules take, in order, as one document."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from jettison.image.model import Image
from jettison.inspect import access, checks, facts, history, leaks, model
from jettison.inspect.base import Candidate, detect
from jettison.inspect.content import Job, Seen, examine
from jettison.inspect.model import Inspection
from jettison.inspect.published import Published
from jettison.inspect.secrets import redact
from jettison.inspect.space import Cause, Dead, Space, measure
from jettison.inspect.waste import waste
from jettison.layers.changes import Node
from jettison.layers.entry import Kind
from jettison.layers.path import encode_path
from jettison.layers.seals import verified_once
from jettison.packages.inventory import Inventory, inventory
from jettison.packages.model import Distro

MAX_DEAD: Final = 1000
MAX_DUPLICATES: Final = 200
LEAST_DUPLICATE_BYTES: Final = 4096
"""Smaller files are equal by chance, and cost a block each anyway."""

_PROGRAM: Final = re.compile(rb"\.so(?:\.[0-9.]+)?\Z|\.node\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to look for; everything by default."""

    secrets: bool = True
    packages: bool = True
    hardening: bool = True
    duplicates: bool = True


@dataclass(frozen=True, slots=True)
class Result:
    """The document, with what it was made of, for views that show every path."""

    document: Inspection
    space: Space
    inventory: Inventory | None


def inspect_image(
    image: Image, *, candidates: Iterable[Candidate] = (), options: Options | None = None
) -> Result:
    """Everything about `image`; `candidates` are images that may be its base.

    Raises `RefusedError` for layers that cannot be read and `HostError` for layer folders that were changed.
    A single file that cannot be read stands in `problems` instead.
    """
    chosen = options or Options()
    with verified_once(image.layers):
        space = measure(image)
        found = inventory(space.tree) if chosen.packages or chosen.secrets else None
        seen = _look_into_files(space, found, chosen)
        settled = Space(space.tree, space.layers, tuple(_settle(space.dead, seen)))
        return Result(_document(image, settled, found, seen, candidates, chosen), settled, found)


_Key = tuple[int, bytes]


def _look_into_files(space: Space, found: Inventory | None, options: Options) -> dict[_Key, Seen]:
    published = Published(space.tree, found or Inventory(()))
    jobs = list(_jobs(space, published, options))
    return {(seen.layer, seen.path): seen for seen in examine(jobs, space.tree)}


def _jobs(space: Space, published: Published, options: Options) -> Iterator[Job]:
    contents = list(_contents(space))
    twins = _possible_twins(space, contents, options)
    for node, layer, path in contents:
        job = Job(
            layer=layer,
            path=path,
            size=node.size,
            offset=node.offset,
            search=options.secrets and node.size > 0 and not published.is_published(node, layer),
            program=options.hardening and _may_be_program(node),
            digest=(layer, path) in twins,
        )
        if job.search or job.program or job.digest:
            yield job


def _contents(space: Space) -> Iterator[tuple[Node, int, bytes]]:
    """(node, layer, path there) of every content in any layer, once."""
    inodes: set[int] = set()
    for node in space.tree.walk():
        if node.kind is Kind.FILE and node.inode not in inodes:
            if node.inode:
                inodes.add(node.inode)
            yield node, *space.tree.origin(node)
    for entry in space.dead:
        if entry.size:
            yield entry.node, entry.layer, entry.node.path


def _may_be_program(node: Node) -> bool:
    return node.size > 64 and (bool(node.mode & 0o111) or _PROGRAM.search(node.path) is not None)


def _possible_twins(space: Space, contents: Iterable[tuple[Node, int, bytes]], options: Options) -> set[_Key]:
    """What has to be hashed: files of equal size, and those that may have been copied up unchanged."""
    by_size: dict[int, list[_Key]] = defaultdict(list)
    wanted: set[_Key] = set()
    if options.duplicates:
        for node, layer, path in contents:
            if node.size >= LEAST_DUPLICATE_BYTES and space.tree.get(path) is node:
                by_size[node.size].append((layer, path))
        wanted.update(key for keys in by_size.values() if len(keys) > 1 for key in keys)
    for entry in space.dead:
        if entry.cause is Cause.COPIED and entry.size:
            wanted |= {(entry.layer, entry.node.path), (entry.by, entry.node.path)}
    return wanted


def _settle(dead: Iterable[Dead], seen: Mapping[_Key, Seen]) -> Iterator[Dead]:
    """Files of equal size were copied up unchanged only if their content is equal too."""
    for entry in dead:
        old, new = seen.get((entry.layer, entry.node.path)), seen.get((entry.by, entry.node.path))
        equal = old is not None and new is not None and old.digest == new.digest != b""
        if entry.cause is Cause.COPIED and entry.size and not equal:
            yield Dead(entry.node, entry.layer, entry.by, Cause.REPLACED, entry.size)
        else:
            yield entry


def _document(
    image: Image,
    space: Space,
    found: Inventory | None,
    seen: Mapping[_Key, Seen],
    candidates: Iterable[Candidate],
    options: Options,
) -> Inspection:
    entries = history.instructions(image.config)
    base = detect(image.config, entries, candidates, image.annotations)
    rights = access.look(space.tree)
    subject = checks.Subject(
        reference=image.reference,
        config=image.config,
        tree=space.tree,
        history=entries,
        base=base,
        access=rights,
        inventory=found,
    )
    removable = {s.path: s.defences.removable for s in seen.values() if s.defences}
    duplicates = facts.duplicates(space, seen.values())
    return Inspection(
        image=facts.image(image, found.distro if found else Distro()),
        base=model.BaseFacts(base.name, base.digest, base.layers, base.entries, base.how),
        sizes=facts.sizes(image, space, base, duplicates),
        layers=facts.layers(image, space, base, entries),
        history=facts.history(entries, subject),
        dockerfile=redact(
            history.dockerfile(entries, image.config, base=base.name, base_entries=base.entries)
        ),
        waste=waste(space.tree, found, space.dead, removable, base.layers),
        dead=facts.dead(space.dead[:MAX_DEAD]),
        duplicates=duplicates[:MAX_DUPLICATES],
        secrets=leaks.leaks(subject, space, seen.values()) if options.secrets else None,
        checks=checks.run(subject),
        users=facts.users(rights),
        privileged=facts.privileged(rights, found),
        world_writable=tuple(encode_path(path) for path in rights.world_writable),
        certificates=facts.certificates(seen.values()),
        shells=facts.programs(space.tree, facts.SHELLS),
        package_managers=facts.programs(space.tree, facts.MANAGERS),
        hardening=facts.hardening(space, found, seen.values()) if options.hardening else None,
        packages=facts.packages(space.tree, found, base) if found and options.packages else None,
        vulnerabilities=None,
        problems=facts.problems(found, seen.values()),
    )
