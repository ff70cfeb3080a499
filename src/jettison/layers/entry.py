"""One entry of a layer or of the merged file system, as data."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

NO_XATTRS: Final[Mapping[bytes, bytes]] = MappingProxyType({})
"""Shared by the many entries that have none."""


class Kind(enum.IntEnum):
    """What an entry is. WHITEOUT and OPAQUE only stand in layers, never in a merged tree."""

    FILE = 0
    DIR = 1
    SYMLINK = 2
    HARDLINK = 3
    CHAR = 4
    BLOCK = 5
    FIFO = 6
    SOCKET = 7
    WHITEOUT = 8
    OPAQUE = 9


class Entry(Struct, gc=False):
    """A path with its metadata. A struct, not a data class: images have hundreds of thousands of them.

    `path` is bytes, relative to the root, normalised: no leading slash, no `.`/`..`/empty component, no
    trailing slash; the root itself is `b""`. For WHITEOUT it is the path that is removed, for OPAQUE the
    folder whose lower content goes.
    """

    path: bytes
    kind: Kind
    mode: int = 0o644
    """Permission bits with setuid, setgid and sticky (07777)."""
    uid: int = 0
    gid: int = 0
    size: int = 0
    """Bytes of content; 0 for all but FILE."""
    mtime_ns: int = 0
    """Modification time, nanoseconds since the epoch."""
    target: bytes = b""
    """SYMLINK: the link's text, untouched. HARDLINK: the normalised path of the file in the same image
    that it shares."""
    device: tuple[int, int] = (0, 0)
    """CHAR and BLOCK: major, minor."""
    xattrs: Mapping[bytes, bytes] = NO_XATTRS
    """Extended attributes by full name (`security.capability`, `user.…`), values raw."""
