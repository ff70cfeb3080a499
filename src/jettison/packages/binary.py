"""Sections of ELF files, as far as package records in them are concerned (elf(5))."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO, Final

from jettison.limits import MAX_ELF_TABLE_BYTES

MAGIC: Final = b"\x7fELF"
_MAX_SECTIONS: Final = 4096
"""Sections of one file; binaries have about 40."""


@dataclass(frozen=True, slots=True)
class Section:
    """Where a section lies in the file and in memory."""

    offset: int
    size: int
    address: int


@dataclass(frozen=True, slots=True)
class Elf:
    """A 32- or 64-bit file of either byte order, with its sections by name."""

    order: str
    wide: bool
    sections: dict[bytes, Section]

    @property
    def pointer(self) -> struct.Struct:
        """How a pointer is stored."""
        return struct.Struct(self.order + ("Q" if self.wide else "I"))


def read_elf(stream: BinaryIO) -> Elf | None:
    """The sections of `stream`; None if it is no ELF file, has no section table, or is malformed."""
    head = stream.read(64)
    if len(head) < 52 or not head.startswith(MAGIC) or head[4] not in (1, 2) or head[5] not in (1, 2):
        return None
    order, wide = "<" if head[5] == 1 else ">", head[4] == 2
    try:
        if wide:
            table, size, count, names = *struct.unpack_from(order + "40xQ", head), *_tail(head, order, 58)
        else:
            table, size, count, names = *struct.unpack_from(order + "32xI", head), *_tail(head, order, 46)
        if not table or not 0 < count <= _MAX_SECTIONS or names >= count or size < (64 if wide else 40):
            return None
        return Elf(order, wide, _sections(stream, order, wide, table, size, count, names))
    except (struct.error, OSError, ValueError, OverflowError):
        return None


def _tail(head: bytes, order: str, offset: int) -> tuple[int, int, int]:
    size, count, names = struct.unpack_from(order + "HHH", head, offset)
    return size, count, names


def _sections(
    stream: BinaryIO, order: str, wide: bool, table: int, size: int, count: int, names: int
) -> dict[bytes, Section]:
    entry = struct.Struct(order + ("I4x8xQQQ" if wide else "I8xIII"))
    stream.seek(table)
    rows = stream.read(size * count)
    parsed = [entry.unpack_from(rows, size * index) for index in range(count)]
    _, _, offset, length = parsed[names]
    stream.seek(offset)
    text = stream.read(min(length, MAX_ELF_TABLE_BYTES))
    found = {}
    for label, address, position, extent in parsed:
        end = text.find(b"\0", label)
        found[text[label:end]] = Section(position, extent, address)
    return found


def content(stream: BinaryIO, section: Section, limit: int) -> bytes:
    """At most `limit` bytes of a section."""
    stream.seek(section.offset)
    return stream.read(min(section.size, limit))
