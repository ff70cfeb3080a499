"""The defences that programs and libraries were built with (ld(1), gcc(1)), and what of them could be
stripped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from msgspec import Struct

from jettison.limits import MAX_ELF_TABLE_BYTES
from jettison.packages import binary

_EXECUTABLE, _SHARED = 2, 3
_INTERPRETER, _STACK, _RELRO = 3, 0x6474E551, 0x6474E552
_BIND_NOW, _FLAGS, _FLAGS_1 = 24, 30, 0x6FFFFFFB
_FLAG_NOW, _FLAG_1_NOW, _FLAG_1_PIE = 0x8, 0x1, 0x08000000
_SYMBOLS: Final = (b".symtab", b".strtab")


class Defences(Struct, frozen=True):
    """What one ELF file has. `program` tells what is run from what is only loaded."""

    program: bool
    pie: bool
    """Loaded at a random address; always so for libraries."""
    nx: bool
    """Its stack is not executable."""
    relro: str
    """`full`, `partial` or `none`: how much of its tables is read-only once it runs."""
    canary: bool | None
    """Calls `__stack_chk_fail`; None for a static program without symbols, where it cannot be told."""
    removable: int
    """Bytes of symbol tables and debug sections, which `strip` would remove."""

    @property
    def weaknesses(self) -> tuple[str, ...]:
        """What an exploit would have an easier time with; `canary` alone is none, small code often needs it
        nowhere."""
        found = [name for name, bad in (("no PIE", not self.pie), ("executable stack", not self.nx)) if bad]
        return (*found, *(("no RELRO",) if self.relro == "none" else ()))


def defences(stream: BinaryIO) -> Defences | None:
    """What the ELF file in `stream` has; None if it is no program or library, or is malformed."""
    elf = binary.read_elf(stream)
    if elf is None or elf.type not in (_EXECUTABLE, _SHARED):
        return None
    tags = dict(_dynamic(stream, elf))
    now = bool(_BIND_NOW in tags or tags.get(_FLAGS, 0) & _FLAG_NOW or tags.get(_FLAGS_1, 0) & _FLAG_1_NOW)
    interpreted = any(segment.type == _INTERPRETER for segment in elf.segments)
    pie_marked = bool(tags.get(_FLAGS_1, 0) & _FLAG_1_PIE)
    has_relro = any(segment.type == _RELRO for segment in elf.segments)
    return Defences(
        program=elf.type == _EXECUTABLE or interpreted or pie_marked,
        pie=elf.type == _SHARED,
        nx=any(s.type == _STACK and not s.flags & 1 for s in elf.segments),
        relro=("full" if now else "partial") if has_relro else "none",
        canary=_canary(stream, elf),
        removable=_removable(elf),
    )


def _dynamic(stream: BinaryIO, elf: binary.Elf) -> Iterator[tuple[int, int]]:
    section = elf.sections.get(b".dynamic")
    if section is None:
        return
    data = binary.content(stream, section, MAX_ELF_TABLE_BYTES)
    width = elf.pointer.size
    for offset in range(0, len(data) - 2 * width + 1, 2 * width):
        tag = elf.pointer.unpack_from(data, offset)[0]
        if not tag:
            return
        yield tag, elf.pointer.unpack_from(data, offset + width)[0]


def _canary(stream: BinaryIO, elf: binary.Elf) -> bool | None:
    names = elf.sections.get(b".dynstr") or elf.sections.get(b".strtab")
    if names is None:
        return None
    return b"__stack_chk_fail" in binary.content(stream, names, MAX_ELF_TABLE_BYTES)


def _removable(elf: binary.Elf) -> int:
    return sum(
        section.size
        for name, section in elf.sections.items()
        if name in _SYMBOLS or name.startswith((b".debug_", b".zdebug_"))
    )
