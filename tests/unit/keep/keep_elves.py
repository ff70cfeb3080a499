"""Small ELF files made by hand, so that tests need no compiler and can break them in known places."""

from __future__ import annotations

import struct


def elf(
    *,
    needed: tuple[bytes, ...] = (),
    interpreter: bytes = b"",
    soname: bytes = b"",
    rpath: bytes = b"",
    runpath: bytes = b"",
    imports: tuple[bytes, ...] = (),
    data: bytes = b"",
    bits: int = 64,
    little: bool = True,
    machine: int = 62,
    kind: int = 3,
) -> bytes:
    """A shared object (`kind` 3) or program (2) with the given dynamic section; everything in one segment."""
    wide, order = bits == 64, "<" if little else ">"
    header_size, program_size = (64, 56) if wide else (52, 32)
    strings, offsets = b"\0", {}
    for text in (*needed, soname, rpath, runpath, *imports):
        if text and text not in offsets:
            offsets[text] = len(strings)
            strings += text + b"\0"
    start = header_size + 3 * program_size
    symbol = "IBBHQQ" if wide else "IIIBBH"
    symbols = bytes(struct.calcsize(order + symbol))
    for text in imports:
        symbols += struct.pack(order + symbol, offsets[text], 0, 0, 0, 0, 0)
    hashes = struct.pack(order + "IIII", 1, len(imports) + 1, 0, 0)
    at_interpreter = start
    at_strings = at_interpreter + len(interpreter) + 1
    at_symbols = at_strings + len(strings)
    at_hash = at_symbols + len(symbols)
    at_dynamic = at_hash + len(hashes)
    tags = [(1, offsets[text]) for text in needed]
    tags += [(tag, offsets[text]) for tag, text in ((14, soname), (15, rpath), (29, runpath)) if text]
    tags += [(5, at_strings), (10, len(strings)), (6, at_symbols), (4, at_hash), (0, 0)]
    dynamic = b"".join(struct.pack(order + ("qQ" if wide else "iI"), *tag) for tag in tags)
    end = at_dynamic + len(dynamic) + len(data)
    programs = _program(order, wide, 1, 0, end)
    programs += _program(order, wide, 2, at_dynamic, len(dynamic))
    programs += _program(order, wide, 3 if interpreter else 0, at_interpreter, len(interpreter) + 1)
    ident = b"\x7fELF" + bytes((bits // 32, 1 if little else 2, 1)) + bytes(9)
    header = struct.pack(
        order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"),
        *(kind, machine, 1, 0, header_size, 0, 0, header_size, program_size, 3, 0, 0, 0),
    )
    return ident + header + programs + interpreter + b"\0" + strings + symbols + hashes + dynamic + data


def _program(order: str, wide: bool, kind: int, offset: int, size: int) -> bytes:
    if wide:
        return struct.pack(order + "IIQQQQQQ", kind, 4, offset, offset, offset, size, size, 8)
    return struct.pack(order + "IIIIIIII", kind, offset, offset, offset, size, size, 4, 4)
