"""Where the members of the running kernel's structures are, from the type information it carries itself
(BTF; `Documentation/bpf/btf.rst` of the kernel).

The types are one list of records of different lengths. Instead of walking all 100,000 of them, the record is
looked for by the place of its name; no other kind of record has that place followed by the mark of a
structure.
"""

from __future__ import annotations

import errno
import functools
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_KERNEL: Final = Path("/sys/kernel/btf/vmlinux")
_MAX_BYTES: Final = 64 * 1024 * 1024
_HEADER: Final = struct.Struct("<HBBIIIII")
"""magic, version, flags, header length; offset and length of the types, and of the strings."""
_MAGIC: Final = 0xEB9F
_TYPE: Final = struct.Struct("<III")
"""Place of the name, what it is, size; then one of these for each member: name, type, offset in bits."""
_STRUCTURE: Final = 4


@functools.cache
def offset(structure: str, member: str) -> int:
    """The offset in bytes of a direct member; OSError if the kernel does not tell."""
    raw = _read()
    types, names = _sections(raw)
    wanted = names.find(b"\0%s\0" % member.encode()) + 1
    for name, place in _members(types, names.find(b"\0%s\0" % structure.encode()) + 1):
        if name == wanted and wanted:
            return place // 8
    raise OSError(errno.ENOENT, f"the kernel does not tell where {structure}.{member} is")


def _read() -> bytes:
    with _KERNEL.open("rb") as file:
        return file.read(_MAX_BYTES)


def _sections(raw: bytes) -> tuple[bytes, bytes]:
    magic, _, _, size, types, types_size, names, names_size = _HEADER.unpack_from(raw)
    if magic != _MAGIC:
        raise OSError(errno.EINVAL, f"{_KERNEL} is no BTF")
    types, names = size + types, size + names
    return raw[types : types + types_size], raw[names : names + names_size]


def _members(types: bytes, structure: int) -> Iterator[tuple[int, int]]:
    """(place of the name, offset in bits) of the members of the structure whose name is at that place."""
    place = -1
    pattern = struct.pack("<I", structure)
    while (place := types.find(pattern, place + 1)) >= 0:
        _, info, _ = _TYPE.unpack_from(types, place)
        if place % 4 or info >> 24 & 0x1F != _STRUCTURE:
            continue
        bits = 0xFFFFFF if info >> 31 else 0xFFFFFFFF  # the rest is the width of a bit field
        for at in range(place + _TYPE.size, place + _TYPE.size * (1 + (info & 0xFFFF)), _TYPE.size):
            name, _, offset_bits = _TYPE.unpack_from(types, at)
            yield name, offset_bits & bits
        return
