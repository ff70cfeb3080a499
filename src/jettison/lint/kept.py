"""Small files under keys in a folder of the cache: what can be computed again, but takes time."""

from __future__ import annotations

import os
from pathlib import Path

from jettison.cache import cache_folder


class Kept:
    """A folder of the cache. Entries appear whole or not at all; without a private cache folder nothing is
    kept. `max_bytes` limits what is read, `max_entries` what is kept: when there are more, the older half
    goes."""

    def __init__(self, name: str, *, max_bytes: int, max_entries: int) -> None:
        self._folder = cache_folder(name)
        self._max_bytes = max_bytes
        self._max_entries = max_entries

    def load(self, key: str) -> bytes | None:
        """The entry of a key; None if there is none, or one that is too large."""
        if self._folder is None:
            return None
        try:
            with open(f"{self._folder}/{key}", "rb") as file:
                data = file.read(self._max_bytes + 1)
        except OSError:
            return None
        return data if len(data) <= self._max_bytes else None

    def store(self, key: str, data: bytes) -> None:
        """Keep an entry; a cache that cannot be written is no reason to fail."""
        if self._folder is None:
            return
        temporary = self._folder / f".{key}.{os.getpid()}"
        try:
            temporary.write_bytes(data)
            temporary.replace(self._folder / key)
        except OSError:
            temporary.unlink(missing_ok=True)

    def prune(self) -> None:
        """Remove the older half of the entries if there are too many."""
        if self._folder is None:
            return
        try:
            entries = list(os.scandir(self._folder))
            if len(entries) > self._max_entries:
                entries.sort(key=lambda entry: entry.stat().st_mtime_ns)
                for entry in entries[: len(entries) // 2]:
                    Path(entry.path).unlink(missing_ok=True)
        except OSError:  # another process tidies up too
            return
