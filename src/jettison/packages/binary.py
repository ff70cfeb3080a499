"""ELF files as far as records of packages and the defences of programs are concerned (elf(5))."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO, Final

from jettison.limits import MAX_ELF_TABLE_BYTES

MAGIC: Final = b"\x7fELF"
_MAX_ROWS: Final = 4096
"""Sections or segments of one file; binaries have about 40 and 12."""


@dataclass(frozen=True, slots=True)
class Section:
    """Where a section lies in the file and in memory."""

    offset: int
    size: int
    address: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A program header: its type and flags (PF_X 1, PF_W 2, PF_R 4)."""

    type: int
    flags: int


@dataclass(frozen=True, slots=True)
class Elf:
    """A 32- or 64-bit file of either byte order."""

    order: str
    wide: bool
    type: int
    """ET_EXEC 2, ET_DYN 3, …"""
    sections: dict[bytes, Section]
    segments: tuple[Segment, ...]

    @property
    def pointer(self) -> struct.Struct:
        """How a pointer is stored."""
        return struct.Struct(self.order + ("Q" if self.wide else "I"))


def read_elf(stream: BinaryIO) -> Elf | None:
    """What is in `stream`; None if it is no ELF file, has no section table, or is malformed."""
    head = stream.read(64)
    if len(head) < 64 or not head.startswith(MAGIC) or head[4] not in (1, 2) or head[5] not in (1, 2):
        return None
    order, wide = "<" if head[5] == 1 else ">", head[4] == 2
    (kind,) = struct.unpack_from(order + "H", head, 16)
    segment_at, section_at = struct.unpack_from(order + ("32xQQ" if wide else "28xII"), head)
    rows = struct.unpack_from(order + "HHHHH", head, 54 if wide else 42)
    try:
        sections = _sections(stream, order, wide, section_at, rows[2:])
        return Elf(order, wide, kind, sections, _segments(stream, order, wide, segment_at, rows[:2]))
    except (struct.error, OSError, ValueError, OverflowError, IndexError):
        return None


def _segments(
    stream: BinaryIO, order: str, wide: bool, table: int, rows: tuple[int, ...]
) -> tuple[Segment, ...]:
    size, count = rows
    entry = struct.Struct(order + ("II" if wide else "I20xI"))
    data = _table(stream, table, size, count, entry.size)
    return tuple(Segment(*entry.unpack_from(data, size * index)) for index in range(count))


def _sections(
    stream: BinaryIO, order: str, wide: bool, table: int, rows: tuple[int, ...]
) -> dict[bytes, Section]:
    size, count, names = rows
    entry = struct.Struct(order + ("I12xQQQ" if wide else "I8xIII"))
    data = _table(stream, table, size, count, entry.size)
    parsed = [entry.unpack_from(data, size * index) for index in range(count)]
    _, _, offset, length = parsed[names]
    stream.seek(offset)
    text = stream.read(min(length, MAX_ELF_TABLE_BYTES))
    found = {}
    for label, address, position, extent in parsed:
        end = text.find(b"\0", label)
        found[text[label:end]] = Section(position, extent, address)
    return found


def _table(stream: BinaryIO, offset: int, size: int, count: int, least: int) -> bytes:
    """A table of `count` rows; raises ValueError if it is none."""
    if count > _MAX_ROWS or (count and size < least):
        raise ValueError("not a table")
    stream.seek(offset)
    return stream.read(size * count)


def content(stream: BinaryIO, section: Section, limit: int) -> bytes:
    """At most `limit` bytes of a section."""
    stream.seek(section.offset)
    return stream.read(min(section.size, limit))
