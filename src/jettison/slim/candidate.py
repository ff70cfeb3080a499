"""A candidate: the new image that a keep plan makes, and its trial."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from jettison.image.config import History
from jettison.image.epoch import rfc3339, source_date_epoch
from jettison.image.model import Image, image_id
from jettison.image.new import NewImage, new_image
from jettison.keep.plan import KeepPlan
from jettison.layers.stream import Compression
from jettison.layers.tree import FileTree
from jettison.layers.unpack import unpack_image
from jettison.layers.write import write_layer
from jettison.packages.inventory import Inventory
from jettison.packages.trim import Trimmed, trim
from jettison.sandbox.journal import Journal
from jettison.slim.outputs import MARK
from jettison.slim.split import divide
from jettison.verify.misses import misses
from jettison.verify.replay import Observation, Scene, replay


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A written image that was not tried yet."""

    image: NewImage
    folders: tuple[Path, ...]
    """Its layers, unpacked from what was written."""
    trimmed: Trimmed
    """What is in it, package by package."""


def write_candidate(
    image: Image,
    tree: FileTree,
    packages: Inventory,
    plan: KeepPlan,
    folder: Path,
    *,
    compression: Compression,
    split: bool = False,
) -> Candidate:
    """Write the image of `plan` into the empty `folder` and unpack it again, so that the trial runs what
    was written.

    Same plan, same bytes: files come from the original's layers, times from the original or
    SOURCE_DATE_EPOCH. Raises HostError when the folder's file system is full.
    """
    epoch = source_date_epoch()
    trimmed = trim(tree, packages, frozenset(plan))
    parts = divide(tree, trimmed.paths, packages, image.config) if split else {}
    layers = [
        write_layer(
            tree,
            paths,
            folder / f"{number}.tar",
            extra=() if number else trimmed.extra,
            compression=compression,
            clamp_mtime=epoch,
        )
        for number, paths in enumerate(parts.values() or [trimmed.paths])
    ]
    created = image.config.created if epoch is None else rfc3339(epoch)
    history = [
        *(_without_layer(entry) for entry in image.config.history),
        *(
            History(
                created=created,
                created_by=f"{MARK} --keep {plan.policy}" + (f" ({part})" if part else ""),
                comment=f"made of {image_id(image)}",
            )
            for part in parts or ("",)
        ),
    ]
    made = new_image(image, layers, history=history, created=created)
    unpacked = folder / "unpacked"
    unpacked.mkdir()
    return Candidate(image=made, folders=tuple(unpack_image(made, unpacked)), trimmed=trimmed)


def try_candidate(
    candidate: Candidate, scene: Scene, journal: Journal, tree: FileTree, *, observed: bool
) -> tuple[Observation, list[bytes]]:
    """Replay the workload on `candidate`: what it showed, and the paths of the original that it looked up
    in vain."""
    seen = replay(replace(scene, folders=candidate.folders), journal, observed=observed)
    if seen.trace is None:
        return seen, []
    return seen, misses(seen.trace, tree, candidate.trimmed.paths)


def _without_layer(entry: History) -> History:
    """An instruction of the original: what it did is in our one layer now."""
    return History(
        created=entry.created,
        created_by=entry.created_by,
        author=entry.author,
        comment=entry.comment,
        empty_layer=True,
    )
