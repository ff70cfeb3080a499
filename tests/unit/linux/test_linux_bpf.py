"""BPF instructions and the kernel's types, without the privileges to load a program."""

import ctypes
import struct
from pathlib import Path

import pytest

from jettison.linux import btf
from jettison.linux.bpf import Code, Comparison, Helper, Operation


def instructions(code: Code) -> list[tuple[int, int, int, int, int]]:
    """Opcode, target, source, offset and value of each."""
    rows = struct.iter_unpack("<BBhi", code.assemble())
    return [
        (opcode, registers & 15, registers >> 4, offset, value) for opcode, registers, offset, value in rows
    ]


def test_jumps_lead_to_their_labels_in_both_directions():
    code = Code().label("again").jump_if(Comparison.EQUAL, 1, 7, "out").jump("again").label("out").leave()
    assert instructions(code) == [
        (0x15, 1, 0, 1, 7),
        (0x05, 0, 0, -2, 0),
        (0xB7, 0, 0, 0, 0),
        (0x95, 0, 0, 0, 0),
    ]


def test_loads_and_stores_have_the_codes_of_the_instruction_set():
    code = Code().load(8, 1, 6, 16).store(4, 10, -12, 1).store_value(8, 10, -8, -1).load(1, 2, 3)
    assert instructions(code) == [
        (0x79, 1, 6, 16, 0),
        (0x63, 10, 1, -12, 0),
        (0x7A, 10, 0, -8, -1),
        (0x71, 2, 3, 0, 0),
    ]


def test_arithmetic_calls_and_counting_have_the_codes_of_the_instruction_set():
    code = Code().compute(Operation.MOVE, 6, 1).compute_with(Operation.RIGHT, 3, 32)
    assert instructions(code.call(Helper.CURRENT_TASK).count(0, 8)) == [
        (0xBF, 6, 1, 0, 0),
        (0x77, 3, 0, 0, 32),
        (0x85, 0, 0, 0, 35),
        (0xB7, 1, 0, 0, 1),
        (0xDB, 0, 1, 8, 0),
    ]


@pytest.mark.skipif(
    not Path("/sys/kernel/btf/vmlinux").exists(), reason="needs a kernel that tells its types"
)
def test_offsets_of_the_kernel_s_structures_are_found():
    assert btf.offset("list_head", "prev") == ctypes.sizeof(ctypes.c_void_p)
    assert btf.offset("task_struct", "cred") == btf.offset("task_struct", "real_cred") + 8
    for structure, member in (("task_struct", "no_such_member"), ("no_such_structure", "next")):
        with pytest.raises(OSError, match=member):
            btf.offset(structure, member)
