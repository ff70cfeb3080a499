"""What a run changed in its root file system: the throw-away upper folder, read once the container has
ended."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jettison.errors import LimitError
from jettison.limits import MAX_CLOSURE_FILES


@dataclass(frozen=True)
class Changed:
    """Normalised paths in the container."""

    written: frozenset[bytes] = frozenset()
    """Files, links and folders that were created or changed."""
    removed: frozenset[bytes] = frozenset()
    """Paths of the image that were removed."""
    sizes: Mapping[bytes, int] = field(default_factory=dict)
    """Bytes of the regular files that were written."""
    owners: Mapping[bytes, tuple[int, int]] = field(default_factory=dict)
    """User and group of what was written."""


def changed(upper: Path) -> Changed:
    """What the overlay upper folder `upper` holds; whiteouts are 0/0 character devices (kernel docs,
    filesystems/overlayfs). Links are not followed, nothing is opened.

    Raises LimitError when the run created over `MAX_CLOSURE_FILES` files.
    """
    written: set[bytes] = set()
    removed: set[bytes] = set()
    sizes: dict[bytes, int] = {}
    owners: dict[bytes, tuple[int, int]] = {}
    todo = [b""]
    base = os.fsencode(upper)
    while todo:
        folder = todo.pop()
        with os.scandir(base + b"/" + folder) as entries:
            for entry in entries:
                path = folder + b"/" + entry.name if folder else entry.name
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:
                    removed.add(path)
                    continue
                written.add(path)
                owners[path] = status.st_uid, status.st_gid
                if stat.S_ISREG(status.st_mode):
                    sizes[path] = status.st_size
                if entry.is_dir(follow_symlinks=False):
                    todo.append(path)
        if len(written) > MAX_CLOSURE_FILES:
            raise LimitError(
                f"the run created over {MAX_CLOSURE_FILES} files", hint="exercise less at a time"
            )
    return Changed(frozenset(written), frozenset(removed), sizes, owners)
