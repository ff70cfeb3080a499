"""What the cache holds, and removing from it while others use it.

Everything in it can be made again, so it may go at any time, except what a run has mounted: unpacked layers,
which each run holds locked (`jettison.layers.unpack`), and blobs that are being received.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_LAYERS = "layers"
_GOING = ".tmp-"  # what `jettison.layers.unpack` sweeps, should this process be killed


@dataclass(frozen=True, slots=True)
class Item:
    """One thing in the cache."""

    kind: str
    """The folder of the cache: `blobs`, `entries`, `layers`, …"""
    path: Path
    size: int
    """Bytes."""
    used: float
    """When it was made or used last, in seconds since the epoch."""


def items(top: Path) -> list[Item]:
    """All that the cache below `top` holds."""
    return [item for folder in _folders(top) for item in _items(folder)]


def prune(found: Iterable[Item], keep: int) -> list[Item]:
    """Remove the least recently used of `found` until the rest has at most `keep` bytes; what was removed.

    What is in use stays.
    """
    ordered = sorted(found, key=lambda item: item.used)
    total = sum(item.size for item in ordered)
    removed = []
    for item in ordered:
        if total <= keep:
            break
        if _is_removed(item):
            removed.append(item)
            total -= item.size
    return removed


def _folders(top: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from (path for path in sorted(top.iterdir()) if path.is_dir() and not path.is_symlink())


def _items(folder: Path) -> Iterator[Item]:
    kind = _LAYERS if folder.name.startswith(f"{_LAYERS}-") else folder.name
    if kind != _LAYERS:
        for path, status in _files(folder):
            yield Item(kind, path, status.st_blocks * 512, status.st_mtime)
        return
    for path in _folders(folder):
        size = sum(status.st_blocks * 512 for _, status in _files(path))
        lock = path.with_name(f"{path.name}.lock")
        with suppress(OSError):
            yield Item(kind, path, size, (lock if lock.exists() else path).stat().st_mtime)


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            with suppress(OSError):
                yield path, path.lstat()


def _is_removed(item: Item) -> bool:
    try:
        descriptor = os.open(item.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if item.kind != _LAYERS:
            item.path.unlink()
            return True
        going = item.path.with_name(f"{_GOING}{secrets.token_hex(8)}")
        item.path.rename(going)
    except OSError:  # in use, or gone already
        return False
    finally:
        os.close(descriptor)
    shutil.rmtree(going, ignore_errors=True)
    return True
