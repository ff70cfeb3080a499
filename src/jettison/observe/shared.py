"""The page that the observer, its guardian and its supervisor share: where the run is, and what is being
answered.

Layout: a byte for the phase (its place in `Phase`), padding, a u32 for the number of the latest mark; from
byte 64 on, one u64 per session: the id of the notification that was received last.
"""

from __future__ import annotations

import mmap
import struct
from typing import Final

PHASE: Final = 0
_MARK: Final = struct.Struct("<I")
_MARK_AT: Final = 4
_FIRST_SLOT: Final = 64
_SIZE: Final = 64 * 1024
MAX_SESSIONS: Final = (_SIZE - _FIRST_SLOT) // 8
"""Listeners of one run: the container itself and what was executed in it later."""


def new_page() -> mmap.mmap:
    """A zeroed page that forked children share."""
    return mmap.mmap(-1, _SIZE)


def slot(session: int) -> int:
    """Where the session with that number keeps the id of its latest notification."""
    return _FIRST_SLOT + 8 * session


def write_mark(page: mmap.mmap, phase: int, mark: int) -> None:
    """Say that everything from now on belongs to `mark`; the phase goes last, as readers look at it first."""
    _MARK.pack_into(page, _MARK_AT, mark)
    page[PHASE] = phase


def read_mark(page: mmap.mmap) -> int:
    """The number of the latest mark."""
    mark: int = _MARK.unpack_from(page, _MARK_AT)[0]
    return mark
