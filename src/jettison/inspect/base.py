"""Which layers of an image belong to the base it was built from.

FROM leaves no trace of its own in a config. In order of certainty: labels of the base (OCI image-spec,
annotations.md), layers equal to those of an image the user names or the engine has, and marks that builders
leave in the history.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from jettison.image.config import ImageConfig
from jettison.image.digest import Digest
from jettison.inspect.history import Instruction
from jettison.layers.path import printable

_NAME: Final = "org.opencontainers.image.base.name"
_DIGEST: Final = "org.opencontainers.image.base.digest"
_ROOT_FILES: Final = re.compile(
    r"ADD (?:file|rootfs|multi):?\S* ?/?|ADD rootfs\.\S+ /|Imported from|debuerreotype"
)


class Base(Struct, frozen=True):
    """The base of an image."""

    name: str
    """What FROM may have named; empty if unknown."""
    layers: int
    """How many of the image's layers are its."""
    entries: int
    """How many of the image's history entries are its."""
    how: str
    """What this is known from, for people: `equal layers`, `annotation`, `label`, `history`; empty if nothing
    is known."""
    digest: str = ""


NONE: Final[Mapping[str, str]] = MappingProxyType({})
UNKNOWN: Final = Base("", 0, 0, "")


class Candidate(Struct, frozen=True):
    """An image that may be the base: its name and its layers."""

    name: str
    diff_ids: tuple[Digest, ...]


def detect(
    config: ImageConfig,
    found: Sequence[Instruction],
    candidates: Iterable[Candidate] = (),
    annotations: Mapping[str, str] = NONE,
) -> Base:
    """The base of an image with `config`, whose manifest has `annotations`; `candidates` are other images at
    hand."""
    equal = _longest(config, candidates)
    how = "annotation" if annotations.get(_NAME) else "label"
    named = annotations if annotations.get(_NAME) else config.config.labels
    label, digest = printable(named.get(_NAME, "")), printable(named.get(_DIGEST, ""))
    if equal is not None:
        layers = len(equal.diff_ids)
        return Base(label or equal.name, layers, _entries(found, layers), "equal layers", digest)
    guess = _guess(found)
    if label:
        return Base(label, guess.layers, guess.entries, how, digest)
    return guess


def _longest(config: ImageConfig, candidates: Iterable[Candidate]) -> Candidate | None:
    """The candidate with the most layers that are the image's first, but not all of them."""
    total = len(config.diff_ids)
    fitting = [
        candidate
        for candidate in candidates
        if 0 < len(candidate.diff_ids) < total
        and config.diff_ids[: len(candidate.diff_ids)] == candidate.diff_ids
    ]
    return max(fitting, key=lambda candidate: (len(candidate.diff_ids), candidate.name), default=None)


def _entries(found: Sequence[Instruction], layers: int) -> int:
    """History entries up to the last layer of the base, and those without a layer that its CMD ends."""
    last = max((i.index for i in found if i.layer is not None and i.layer < layers), default=-1)
    following = list(found[last + 1 :])
    bare = next((k for k, i in enumerate(following) if i.layer is not None), len(following))
    ends = [k for k, i in enumerate(following[:bare]) if i.keyword == "CMD"]
    return last + 1 + (ends[0] + 1 if ends else 0)


def _guess(found: Sequence[Instruction]) -> Base:
    """By the history: an image ends with CMD or ENTRYPOINT, so the last of those that is followed by a layer
    ended one.

    Without such a mark, the first layer is the base if it looks like a root file system.
    """
    layered = [i.index for i in found if i.layer is not None]
    ends = [
        i.index
        for i in found
        if i.keyword in ("CMD", "ENTRYPOINT")
        and layered
        and i.index < layered[-1]
        and _another_follows(found, i)
    ]
    if ends:
        end = ends[-1] + 1
        layers = sum(i.layer is not None for i in found[:end])
        return Base("", layers, end, "history") if layers else UNKNOWN
    first = found[0] if found else None
    if (
        first is not None
        and first.layer == 0
        and len(layered) > 1
        and _ROOT_FILES.search(first.raw + first.comment)
    ):
        return Base("", 1, 1, "history")
    return UNKNOWN


def _another_follows(found: Sequence[Instruction], end: Instruction) -> bool:
    """Whether the image sets its process again later: a CMD in the middle of one's own Dockerfile is rare."""
    return any(i.keyword in ("CMD", "ENTRYPOINT") for i in found[end.index + 1 :])
