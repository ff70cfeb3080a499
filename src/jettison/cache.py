"""Where this program keeps what it may compute again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder(name: str) -> Path | None:
    """The folder `name` of this user's cache, made if need be; None if there is none that only this user
    can write.

    `$XDG_CACHE_HOME/jettison/NAME`, by default in `~/.cache` (XDG Base Directory Specification).
    """
    base = os.environ.get("XDG_CACHE_HOME", "")
    top = (Path(base) if base.startswith("/") else Path.home() / ".cache") / "jettison"
    try:
        for folder in (top, top / name):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = top.stat()
    except (OSError, RuntimeError):
        return None
    private = status.st_uid == os.geteuid() and not status.st_mode & 0o022
    return top / name if private else None
