"""What the dynamic loader needs to know about an ELF file, read without trusting it (elf(5), System V gABI
chapters 4, 5).

Only the program header, the dynamic section and, on request, the dynamic symbol table are read: some hundred
microseconds for a file of any size. Every offset and size comes from the file and is checked against its
length and `MAX_ELF_TABLE_BYTES` before it is used.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, Final

from msgspec import Struct

from jettison.errors import InvalidInputError
from jettison.limits import MAX_ELF_TABLE_BYTES

MAGIC: Final = b"\x7fELF"
_MAX_HEADERS: Final = 4096
"""Program or section headers of one file; the Linux kernel itself takes 64 KiB of program headers at the
most."""
_MAX_PATH: Final = 4096
_MAX_NAMES: Final = 4096
"""Needed libraries of one object, and folders of its search path; the largest seen have some hundred."""

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NEEDED, _DT_HASH, _DT_STRTAB, _DT_SYMTAB, _DT_STRSZ, _DT_SONAME, _DT_RPATH = 1, 4, 5, 6, 10, 14, 15
_DT_RUNPATH, _DT_GNU_HASH = 29, 0x6FFFFEF5
_SHT_DYNSYM: Final = 11
_ET_EXEC, _ET_DYN = 2, 3


class Abi(Struct, frozen=True, order=True):
    """What must be equal for one ELF file to be loaded into the process of another."""

    bits: int
    little: bool
    machine: int
    """`e_machine`: 62 x86-64, 183 AArch64, 3 i386, 40 Arm, …"""


class Elf(Struct, frozen=True):
    """The loader's view of one executable or shared object."""

    abi: Abi
    interpreter: bytes = b""
    """PT_INTERP: the loader, an absolute path; empty for shared objects and static programs."""
    needed: tuple[bytes, ...] = ()
    soname: bytes = b""
    rpath: tuple[bytes, ...] = ()
    """DT_RPATH, split, `$ORIGIN` and its like still in it. Without meaning when there is a runpath."""
    runpath: tuple[bytes, ...] = ()
    dynamic: bool = False
    """Whether it has a dynamic section at all."""


class _Layout:
    """The structures of one class and byte order."""

    def __init__(self, bits: int, little: bool) -> None:
        order = "<" if little else ">"
        wide = bits == 64
        self.header = struct.Struct(order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"))
        self.program = struct.Struct(order + ("IIQQQQQQ" if wide else "IIIIIIII"))
        self.section = struct.Struct(order + ("IIQQQQIIQQ" if wide else "IIIIIIIIII"))
        self.dynamic = struct.Struct(order + ("qQ" if wide else "iI"))
        self.symbol = struct.Struct(order + ("IBBHQQ" if wide else "IIIBBH"))
        self.words = order + "I"
        self.wide = wide

    def segment(self, raw: tuple[int, ...]) -> tuple[int, int, int, int]:
        """`(type, offset, virtual address, size in the file)` of one program header."""
        if self.wide:
            return raw[0], raw[2], raw[3], raw[5]
        return raw[0], raw[1], raw[2], raw[4]


class ElfReader:
    """One ELF file, open for reading; raises `InvalidInputError` where it contradicts itself."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        ident = file.read(64)
        if ident[:4] != MAGIC:
            raise InvalidInputError("not an ELF file")
        if len(ident) < 52 or ident[4] not in (1, 2) or ident[5] not in (1, 2):
            raise InvalidInputError("ELF header is cut off or of an unknown class")
        bits, little = 32 * ident[4], ident[5] == 1
        self._layout = _Layout(bits, little)
        try:
            header = self._layout.header.unpack_from(ident, 16)
        except struct.error as error:
            raise InvalidInputError("ELF header is cut off") from error
        self.type: int = header[0]
        self.abi = Abi(bits, little, header[1])
        self._sections = (header[5], header[10], header[11])
        self._segments = [self._layout.segment(raw) for raw in self._headers(header[4], header[8], header[9])]
        self._tags = self._read_dynamic()

    def _at(self, offset: int, size: int) -> bytes:
        if size > MAX_ELF_TABLE_BYTES:
            raise InvalidInputError(f"ELF table of {size} bytes is over the limit of {MAX_ELF_TABLE_BYTES}")
        if offset >= 1 << 62:
            raise InvalidInputError("ELF table lies outside the file")
        self._file.seek(offset)
        data = self._file.read(size)
        if len(data) != size:
            raise InvalidInputError("ELF table lies outside the file")
        return data

    def _headers(self, offset: int, entry_size: int, count: int) -> Iterator[tuple[int, ...]]:
        if not count:
            return iter(())
        if entry_size != self._layout.program.size or count > _MAX_HEADERS:
            raise InvalidInputError("ELF program header of a wrong size")
        return self._layout.program.iter_unpack(self._at(offset, entry_size * count))

    def _read_dynamic(self) -> dict[int, list[int]]:
        """Tag → values of the dynamic section, in order; empty when there is none."""
        tags: dict[int, list[int]] = {}
        entry = self._layout.dynamic
        for _, offset, _, size in (s for s in self._segments if s[0] == _PT_DYNAMIC):
            for tag, value in entry.iter_unpack(self._at(offset, size - size % entry.size)):
                if not tag:
                    break
                tags.setdefault(tag, []).append(value)
        return tags

    def _offset(self, address: int) -> int:
        """The file offset of a virtual address."""
        for kind, offset, start, size in self._segments:
            if kind == _PT_LOAD and start <= address < start + size:
                return offset + address - start
        raise InvalidInputError("ELF address lies in no segment")

    def _strings(self) -> bytes:
        if _DT_STRTAB not in self._tags or _DT_STRSZ not in self._tags:
            return b""
        return self._at(self._offset(self._tags[_DT_STRTAB][0]), self._tags[_DT_STRSZ][0])

    def _interpreter(self) -> bytes:
        for _, offset, _, size in (s for s in self._segments if s[0] == _PT_INTERP):
            return self._at(offset, min(size, _MAX_PATH)).partition(b"\0")[0]
        return b""

    def summary(self) -> Elf:
        """What the loader would do with it."""
        if not self._tags:
            return Elf(self.abi, self._interpreter())
        strings = self._strings()

        def values(tag: int) -> tuple[bytes, ...]:
            if len(self._tags.get(tag, ())) > _MAX_NAMES:
                raise InvalidInputError(f"ELF file with more than {_MAX_NAMES} entries of one kind")
            return tuple(_string(strings, offset) for offset in self._tags.get(tag, ()))

        return Elf(
            abi=self.abi,
            interpreter=self._interpreter(),
            needed=values(_DT_NEEDED),
            soname=b"".join(values(_DT_SONAME)[:1]),
            rpath=_split(values(_DT_RPATH)),
            runpath=_split(values(_DT_RUNPATH)),
            dynamic=True,
        )

    def imports(self) -> frozenset[bytes]:
        """Names of the dynamic symbols that it takes from other objects."""
        if _DT_SYMTAB not in self._tags:
            return frozenset()
        strings, symbol, wide = self._strings(), self._layout.symbol, self._layout.wide
        offset = self._offset(self._tags[_DT_SYMTAB][0])
        table = self._at(offset, self._symbol_count() * symbol.size)
        section = 3 if wide else 5
        return frozenset(
            _string(strings, raw[0]) for raw in symbol.iter_unpack(table) if not raw[section]
        ) - {b""}

    def _symbol_count(self) -> int:
        """How many dynamic symbols there are: a section header says so, or else one of the hash tables.

        The GNU hash table holds no undefined symbols, and those come first: where only it is left, its first
        index is the number of symbols that matter to `imports`.
        """
        size = self._dynsym_size()
        if size:
            return size // self._layout.symbol.size
        if _DT_HASH in self._tags:
            return self._word(self._offset(self._tags[_DT_HASH][0]) + 4)
        if _DT_GNU_HASH in self._tags:
            return self._word(self._offset(self._tags[_DT_GNU_HASH][0]) + 4)
        return 0

    def _word(self, offset: int) -> int:
        value: int = struct.unpack(self._layout.words, self._at(offset, 4))[0]
        return value

    def _dynsym_size(self) -> int:
        offset, entry_size, count = self._sections
        section = self._layout.section
        if not offset or entry_size != section.size or not 0 < count <= _MAX_HEADERS:
            return 0
        try:
            table = self._at(offset, entry_size * count)
        except InvalidInputError:  # a stripped section table is no error: nothing loads by it
            return 0
        return next((raw[5] for raw in section.iter_unpack(table) if raw[1] == _SHT_DYNSYM), 0)


def read_elf(file: BinaryIO) -> Elf | None:
    """The loader's view of `file` (at its start), None when it is no executable or shared object.

    Raises `InvalidInputError` for an ELF file that is cut off or contradicts itself.
    """
    if file.read(4) != MAGIC:
        return None
    file.seek(0)
    reader = ElfReader(file)
    return reader.summary() if reader.type in (_ET_EXEC, _ET_DYN) else None


def _string(table: bytes, offset: int) -> bytes:
    if offset >= len(table):
        raise InvalidInputError("ELF string lies outside its table")
    end = table.find(b"\0", offset)
    return table[offset : end if end >= 0 else len(table)]


def _split(values: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return tuple(folder for value in values for folder in value.split(b":") if folder)[:_MAX_NAMES]
