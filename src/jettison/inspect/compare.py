"""What changed between two images, and first of all why the size did."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from jettison.image.model import Image
from jettison.inspect.content import Job, examine
from jettison.inspect.model import Check, ImageFacts, PackageFacts, PrivilegedFile, Secret, Sizes
from jettison.inspect.scan import Result
from jettison.layers.changes import Node
from jettison.layers.entry import Kind
from jettison.layers.path import encode_path
from jettison.layers.tree import FileTree

SCHEMA: Final = "jettison.comparison/1"
MAX_FILES: Final = 1000
_CAUSES: Final = 25
_DEPTH: Final = 2
"""Folders of this many components stand for the files of nobody that are below."""
T = TypeVar("T")


class Change(enum.StrEnum):
    """What happened to a path."""

    ADDED = "added"
    REMOVED = "removed"
    CONTENT = "content"
    METADATA = "metadata"
    """Owner, mode, kind of file, link target or attributes; times do not count."""


class FileChange(Struct, frozen=True):
    """A path that is not the same in both."""

    path: str
    change: Change
    before: int
    """Bytes; 0 where it is not there."""
    after: int
    detail: str = ""
    """`mode 644 → 755`; empty for content."""


class PackageChange(Struct, frozen=True):
    """A package that is not the same in both."""

    ecosystem: str
    name: str
    before: str
    """Its version; empty where it is not there."""
    after: str
    size: int
    """Bytes it grew by; negative if it shrank."""


class Growth(Struct, frozen=True):
    """A cause of a difference in size."""

    title: str
    size: int
    """Bytes of the final file system; negative for less. The last one, for dead bytes, is of the layers
    instead."""


class Setting(Struct, frozen=True):
    """A field of the config that differs."""

    field: str
    before: str
    after: str


class Comparison(Struct, frozen=True):
    """The whole document."""

    before: ImageFacts
    after: ImageFacts
    sizes_before: Sizes
    sizes_after: Sizes
    shared_layers: int
    """How many layers, from the base on, are the same."""
    growth: tuple[Growth, ...]
    """Largest first, whatever the sign."""
    packages: tuple[PackageChange, ...]
    files: tuple[FileChange, ...]
    """The first 1000, by the size of the change."""
    counts: dict[str, int]
    """All changed paths by kind of change."""
    settings: tuple[Setting, ...]
    privileged_added: tuple[PrivilegedFile, ...]
    privileged_removed: tuple[PrivilegedFile, ...]
    secrets_added: tuple[Secret, ...]
    secrets_removed: tuple[Secret, ...]
    checks_added: tuple[Check, ...]
    checks_removed: tuple[Check, ...]
    users_added: tuple[str, ...]
    users_removed: tuple[str, ...]
    schema: str = SCHEMA

    def to_json(self) -> bytes:
        """The document, indented, with a line break at its end."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two images, inspected."""

    image: Image
    result: Result

    @property
    def tree(self) -> FileTree:
        """Its merged file system."""
        return self.result.space.tree


def compare(before: Side, after: Side) -> Comparison:
    """What is different in `after`. Raises as `inspect_image` does."""
    a, b = before.result.document, after.result.document
    files = list(_files(before, after))
    files.sort(key=lambda change: (-abs(change.after - change.before), change.path))
    packages = tuple(_packages(a.packages or (), b.packages or ()))
    counts: dict[str, int] = defaultdict(int)
    for change in files:
        counts[change.change] += 1
    return Comparison(
        before=a.image,
        after=b.image,
        sizes_before=a.sizes,
        sizes_after=b.sizes,
        shared_layers=_shared(before.image, after.image),
        growth=tuple(_growth(before, after, files, packages)),
        packages=packages,
        files=tuple(files[:MAX_FILES]),
        counts=dict(counts),
        settings=tuple(_settings(a.image, b.image)),
        privileged_added=_only(b.privileged, a.privileged, lambda p: (p.path, p.how)),
        privileged_removed=_only(a.privileged, b.privileged, lambda p: (p.path, p.how)),
        secrets_added=_only(b.secrets or (), a.secrets or (), lambda s: (s.fingerprint, s.path)),
        secrets_removed=_only(a.secrets or (), b.secrets or (), lambda s: (s.fingerprint, s.path)),
        checks_added=_only(b.checks, a.checks, _check_key),
        checks_removed=_only(a.checks, b.checks, _check_key),
        users_added=tuple(u.name for u in _only(b.users, a.users, lambda u: (u.name, u.uid))),
        users_removed=tuple(u.name for u in _only(a.users, b.users, lambda u: (u.name, u.uid))),
    )


def _shared(a: Image, b: Image) -> int:
    pairs = zip(a.config.diff_ids, b.config.diff_ids, strict=False)
    return next((n for n, (x, y) in enumerate(pairs) if x != y), min(len(a.layers), len(b.layers)))


def _check_key(check: Check) -> tuple[object, ...]:
    """The same finding in both; who brought it may be known for one image only."""
    return (check.id, check.paths or check.detail)


def _only(here: Iterable[T], there: Iterable[T], key: Callable[[T], object]) -> tuple[T, ...]:
    known = {key(each) for each in there}
    return tuple(each for each in here if key(each) not in known)


# --- files
# --------------------------------------------------------------------------------------------------------
def _files(before: Side, after: Side) -> Iterator[FileChange]:
    undecided: list[tuple[Node, Node]] = []
    for new in after.tree.walk():
        old = before.tree.get(new.path)
        if old is None:
            yield FileChange(encode_path(new.path), Change.ADDED, 0, new.size)
        elif (detail := _metadata(old, new)) or old.size != new.size:
            change = Change.CONTENT if old.size != new.size else Change.METADATA
            yield FileChange(encode_path(new.path), change, old.size, new.size, detail)
        elif new.kind is Kind.FILE and new.size and not _is_same_layer(old, new, before, after):
            undecided.append((old, new))
    for old in before.tree.walk():
        if old.path not in after.tree:
            yield FileChange(encode_path(old.path), Change.REMOVED, old.size, 0)
    yield from _changed_content(undecided, before, after)


def _metadata(old: Node, new: Node) -> str:
    """What differs in `new` but content and time; empty if nothing does."""
    if old.kind is not new.kind:
        return f"{old.kind.name.lower()} → {new.kind.name.lower()}"
    parts = []
    if old.mode != new.mode:
        parts.append(f"mode {old.mode:o} → {new.mode:o}")
    if (old.uid, old.gid) != (new.uid, new.gid):
        parts.append(f"owner {old.uid}:{old.gid} → {new.uid}:{new.gid}")
    if old.target != new.target:
        parts.append(f"link {encode_path(old.target)} → {encode_path(new.target)}")
    if old.device != new.device:
        parts.append("device")
    if dict(old.xattrs) != dict(new.xattrs):
        parts.append("attributes")
    return ", ".join(parts)


def _is_same_layer(old: Node, new: Node, before: Side, after: Side) -> bool:
    """Whether both are the same entry of the same layer, which makes their content equal."""
    (a, path), (b, other) = before.tree.origin(old), after.tree.origin(new)
    return path == other and before.image.config.diff_ids[a] == after.image.config.diff_ids[b]


def _changed_content(pairs: Sequence[tuple[Node, Node]], before: Side, after: Side) -> Iterator[FileChange]:
    digests = [_digests(side, [pair[index] for pair in pairs]) for index, side in enumerate((before, after))]
    for old, new in pairs:
        if digests[0].get(old.path) != digests[1].get(new.path):
            yield FileChange(encode_path(new.path), Change.CONTENT, old.size, new.size)


def _digests(side: Side, nodes: Iterable[Node]) -> Mapping[bytes, bytes]:
    jobs = []
    paths: dict[tuple[int, bytes], bytes] = {}
    for node in nodes:
        layer, path = side.tree.origin(node)
        paths[layer, path] = node.path
        jobs.append(Job(layer, path, node.size, node.offset, search=False, program=False, digest=True))
    seen = examine(jobs, side.tree)
    return {paths[each.layer, each.path]: each.digest for each in seen}


# --- packages
# -----------------------------------------------------------------------------------------------------
def _packages(before: Iterable[PackageFacts], after: Iterable[PackageFacts]) -> Iterator[PackageChange]:
    old, new = _by_name(before), _by_name(after)
    changes = []
    for key in old.keys() | new.keys():
        versions = [sorted({package.version for package in side.get(key, ())}) for side in (old, new)]
        sizes = [sum(package.size for package in side.get(key, ())) for side in (old, new)]
        if versions[0] != versions[1]:
            before_text, after_text = (", ".join(each) for each in versions)
            changes.append(PackageChange(*key, before_text, after_text, sizes[1] - sizes[0]))
    yield from sorted(changes, key=lambda change: (-abs(change.size), change.ecosystem, change.name))


def _by_name(packages: Iterable[PackageFacts]) -> dict[tuple[str, str], list[PackageFacts]]:
    out: dict[tuple[str, str], list[PackageFacts]] = defaultdict(list)
    for package in packages:
        out[package.ecosystem, package.name].append(package)
    return out


# --- why
# ------------------------------------------------------------------------------------------------------------
def _growth(
    before: Side, after: Side, files: Iterable[FileChange], packages: Iterable[PackageChange]
) -> Iterator[Growth]:
    """Changed bytes by the package that owns them, or else by folder; what is small is summed up."""
    titles = {(p.ecosystem, p.name): _package_title(p) for p in packages}
    totals: dict[str, int] = defaultdict(int)
    for change in files:
        totals[_cause(change, before, after, titles)] += change.after - change.before
    ordered = sorted(((t, s) for t, s in totals.items() if s), key=lambda item: (-abs(item[1]), item[0]))
    yield from (Growth(title, size) for title, size in ordered[:_CAUSES])
    if rest := sum(size for _, size in ordered[_CAUSES:]):
        yield Growth(f"{len(ordered) - _CAUSES} smaller causes", rest)
    dead = after.result.document.sizes.dead - before.result.document.sizes.dead
    if dead:
        yield Growth("dead bytes in lower layers", dead)


def _package_title(change: PackageChange) -> str:
    name = f"{change.ecosystem} package {change.name}"
    if not change.before:
        return f"{name} {change.after} added"
    if not change.after:
        return f"{name} {change.before} removed"
    return f"{name} {change.before} → {change.after}"


def _cause(change: FileChange, before: Side, after: Side, titles: Mapping[tuple[str, str], str]) -> str:
    path = change.path.encode()
    side = before if change.change is Change.REMOVED else after
    owner = side.result.inventory.owner(path) if side.result.inventory else None
    if owner is None:
        folder = change.path.split("/")[:-1][:_DEPTH]
        return "files in /" + "/".join(folder)
    default = f"{owner.ecosystem} package {owner.name}"
    return titles.get((str(owner.ecosystem), owner.name), default)


# --- config
# ---------------------------------------------------------------------------------------------------------
def _settings(a: ImageFacts, b: ImageFacts) -> Iterator[Setting]:
    for field in (
        "platform",
        "distro",
        "user",
        "entrypoint",
        "cmd",
        "working_dir",
        "stop_signal",
        "healthcheck",
    ):
        yield from _setting(field, getattr(a, field), getattr(b, field))
    for field in ("ports", "volumes"):
        yield from _setting(field, sorted(getattr(a, field)), sorted(getattr(b, field)))
    for name, old, new in (("env", _variables(a), _variables(b)), ("label", a.labels, b.labels)):
        for key in sorted(old.keys() | new.keys()):
            yield from _setting(f"{name} {key}", old.get(key, ""), new.get(key, ""))


def _setting(field: str, old: object, new: object) -> Iterator[Setting]:
    if old != new:
        yield Setting(field, _shown(old), _shown(new))


def _shown(value: object) -> str:
    return (
        value
        if isinstance(value, str)
        else " ".join(map(str, value))
        if isinstance(value, (list, tuple))
        else ""
    )


def _variables(facts: ImageFacts) -> dict[str, str]:
    return dict(variable.partition("=")[::2] for variable in facts.env)
