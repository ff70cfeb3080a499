"""The ELF reader: what the loader sees, and files that lie about themselves."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path

import pytest
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from keep_elves import elf

from jettison.errors import InvalidInputError
from jettison.keep.elf import Abi, ElfReader, read_elf


def read(data: bytes):
    return read_elf(io.BytesIO(data))


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("little", [True, False])
def test_reads_both_classes_and_byte_orders(bits, little):
    """The same dynamic section reads the same in each layout."""
    data = elf(
        needed=(b"libc.so.6",), soname=b"me.so", runpath=b"$ORIGIN/../lib:/opt", bits=bits, little=little
    )
    found = read(data)
    assert found.abi == Abi(bits, little, 62)
    assert (found.needed, found.soname, found.runpath) == (
        (b"libc.so.6",),
        b"me.so",
        (b"$ORIGIN/../lib", b"/opt"),
    )


def test_reads_the_interpreter():
    """PT_INTERP comes without its NUL."""
    assert (
        read(elf(interpreter=b"/lib64/ld-linux-x86-64.so.2", kind=2)).interpreter
        == b"/lib64/ld-linux-x86-64.so.2"
    )


def test_what_is_no_elf_file_is_none():
    """Scripts, empty files and relocatable objects are not loaded by the dynamic loader."""
    assert read(b"#!/bin/sh\n") is None
    assert read(b"") is None
    assert read(elf(kind=1)) is None


def test_imports_are_the_undefined_symbols():
    """Names that other objects must provide."""
    assert ElfReader(io.BytesIO(elf(imports=(b"system", b"dlopen")))).imports() == {b"system", b"dlopen"}


@pytest.mark.parametrize("cut", [5, 30, 63, 80, 200])
def test_a_file_that_is_cut_off_is_refused(cut):
    """Tables that lie outside the file are an error, not an empty answer."""
    with pytest.raises(InvalidInputError):
        read(elf(needed=(b"libc.so.6",))[:cut])


def test_a_string_table_of_gigabytes_is_refused():
    """Sizes that the file claims are checked against the limit before anything is read."""
    data = elf(needed=(b"libc.so.6",))
    at = data.index(struct.pack("<q", 10))
    with pytest.raises(InvalidInputError, match="over the limit"):
        read(data[: at + 8] + struct.pack("<Q", 1 << 60) + data[at + 16 :])


def test_agrees_with_pyelftools_on_this_interpreter_and_its_extensions():
    """An independent reader finds the same needed libraries, interpreter and imports in real files."""
    folder = Path(sys.base_prefix, "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "lib-dynload")
    for path in [Path(sys.executable).resolve(), *sorted(folder.glob("*.so"))[:20]]:
        with path.open("rb") as file:
            reader = ElfReader(file)
            ours, imports = reader.summary(), reader.imports()
            oracle = ELFFile(file)
            sections = [s for s in oracle.iter_sections() if isinstance(s, DynamicSection)]
            needed = [
                t.needed.encode() for s in sections for t in s.iter_tags() if t.entry.d_tag == "DT_NEEDED"
            ]
            symbols = oracle.get_section_by_name(".dynsym").iter_symbols()
            undefined = {s.name.encode() for s in symbols if s.entry.st_shndx == "SHN_UNDEF"} - {b""}
        assert list(ours.needed) == needed
        assert imports == undefined
