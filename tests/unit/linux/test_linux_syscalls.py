"""The system call tables, against two witnesses: libseccomp and the kernel's headers."""

import ctypes
import ctypes.util
import re
from pathlib import Path

import pytest

from jettison.linux import syscalls, tables

SCMP_ARCHES = (0xC000003E, 0x40000003, 0xC00000B7, 0x40000028)
HEADERS = Path("/usr/include/x86_64-linux-gnu/asm")
SOCKETS_OF_I386 = {"bind", "connect", "listen"}
"""libseccomp has them at negative numbers, because `socketcall` does them too."""


def resolver():
    name = ctypes.util.find_library("seccomp")
    if name is None:
        pytest.skip("needs libseccomp")
    resolve = ctypes.CDLL(name).seccomp_syscall_resolve_name_arch
    resolve.argtypes = [ctypes.c_uint32, ctypes.c_char_p]
    return resolve


TABLES = (tables.X86_64, tables.I386, tables.AARCH64, tables.ARM)


@pytest.mark.parametrize("column", range(4))
def test_every_number_has_the_name_that_libseccomp_gives_it(column):
    name = ctypes.util.find_library("seccomp")
    if name is None:
        pytest.skip("needs libseccomp")
    resolve = ctypes.CDLL(name).seccomp_syscall_resolve_num_arch
    resolve.argtypes = [ctypes.c_uint32, ctypes.c_int]
    resolve.restype = ctypes.c_char_p
    theirs = {number: resolve(SCMP_ARCHES[column], number) for number in range(600)}
    theirs = {number: text.decode() for number, text in theirs.items() if text is not None}
    ours = {number: text for text, number in TABLES[column].items()}
    assert {n: ours.get(n) for n in theirs} == theirs
    assert all(number > 450 or 335 <= number <= 336 for number in ours.keys() - theirs.keys())
    assert len(theirs) > 300


@pytest.mark.parametrize("column", range(4))
def test_numbers_are_those_of_libseccomp_wherever_it_knows_the_call(column):
    resolve = resolver()
    different = {}
    for name, row in syscalls.NUMBERS.items():
        theirs = resolve(SCMP_ARCHES[column], name.encode())
        special = column == 1 and name in SOCKETS_OF_I386
        if theirs >= 0 and not special and theirs != row[column]:
            different[name] = (row[column], theirs)
        if theirs < 0 and row[column] is not None and not special and max(filter(None, row)) < 450:
            different[name] = (row[column], None)
    assert different == {}


@pytest.mark.parametrize(("header", "column"), [("unistd_64.h", 0), ("unistd_32.h", 1)])
def test_numbers_are_those_of_the_kernel_headers(header, column):
    if not (HEADERS / header).exists():
        pytest.skip("needs the kernel's headers")
    theirs = dict(re.findall(r"#define __NR_(\w+) (\d+)", (HEADERS / header).read_text()))
    assert {name: TABLES[column].get(name) for name in theirs} == {n: int(v) for n, v in theirs.items()}
    assert len(theirs) > 300


def test_x32_shares_the_architecture_and_sets_a_bit_in_the_number():
    assert set(syscalls.numbers("openat")) == {
        (syscalls.AUDIT_X86_64, 257),
        (syscalls.AUDIT_X86_64, 257 | syscalls.X32_BIT),
        (syscalls.AUDIT_I386, 295),
        (syscalls.AUDIT_AARCH64, 56),
        (syscalls.AUDIT_ARM, 322),
    }


def test_x32_has_numbers_of_its_own_for_executing():
    assert (syscalls.AUDIT_X86_64, 520 | syscalls.X32_BIT) in set(syscalls.numbers("execve"))


def test_no_two_calls_of_an_architecture_share_a_number():
    seen = [pair for name in syscalls.NUMBERS for pair in syscalls.numbers(name)]
    assert len(seen) == len(set(seen))
