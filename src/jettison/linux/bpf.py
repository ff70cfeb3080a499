"""bpf(2): maps, programs and raw tracepoints, without a compiler and without a library.

A program is a list of instructions (`Documentation/bpf/standardization/instruction-set.rst` of the kernel)
that `Code` collects and resolves the jumps of. Everything here is held by descriptors: when the last copy is
closed, or its process is killed, the kernel takes the program, the map or the attachment away.

Only what an x86-64 or arm64 kernel of 5.11 or later has; all calls need CAP_BPF and CAP_PERFMON, or root, in
the first user namespace.
"""

from __future__ import annotations

import contextlib
import ctypes
import enum
import errno
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from jettison.linux.libc import check, libc
from jettison.linux.namespaces import in_user_namespace

_SYSCALL_NUMBER: Final = {"x86_64": 321, "aarch64": 280}
_COMMANDS: Final = {
    "map_create": 0,
    "lookup": 1,
    "update": 2,
    "delete": 3,
    "next_key": 4,
    "load": 5,
    "info": 15,
    "attach": 17,
}
"""`enum bpf_cmd` of <linux/bpf.h>."""
_RAW_TRACEPOINT: Final = 17
"""BPF_PROG_TYPE_RAW_TRACEPOINT."""
_LICENSE: Final = ctypes.create_string_buffer(b"Dual BSD/GPL")
"""The kernel lets only programs that say so call its tracing helpers."""
_LOG_BYTES: Final = 64 * 1024
_INFO_BYTES: Final = 256
_MISSES_AT: Final = 200
"""Offset of `recursion_misses` in `struct bpf_prog_info`."""
_FIRST_PID_NAMESPACE: Final = 0xEFFFFFFC
"""Its inode (PROC_PID_INIT_INO); thread ids there are those that programs see."""
SYSTEM_CALLS: Final = "sys_enter"
CAPABILITY_CHECKS: Final = "cap_capable"
"""Tracepoints; the second came with Linux 6.14."""
NO_CAPABILITIES: Final = "this kernel has no tracepoint cap_capable, which came with Linux 6.14"
_POSSIBLE_CPUS: Final = Path("/sys/devices/system/cpu/possible")


class MapKind(enum.IntEnum):
    """`enum bpf_map_type`."""

    HASH = 1
    ARRAY = 2
    PER_CPU_ARRAY = 6


class Helper(enum.IntEnum):
    """Functions of the kernel that a program may call (bpf-helpers(7)): arguments in registers 1 to 5, result
    in 0."""

    MAP_LOOKUP = 1
    MAP_UPDATE = 2
    MAP_DELETE = 3
    CURRENT_PID_TGID = 14
    CURRENT_TASK = 35
    PROBE_READ_USER = 112
    PROBE_READ_KERNEL = 113
    CURRENT_TASK_BTF = 158


class Comparison(enum.IntEnum):
    """What a conditional jump compares, without signs."""

    EQUAL = 0x10
    GREATER = 0x20
    ANY_BIT = 0x40
    NOT_EQUAL = 0x50


class Operation(enum.IntEnum):
    """Arithmetic on 64-bit registers."""

    ADD = 0x00
    OR = 0x40
    AND = 0x50
    RIGHT = 0x70
    MOVE = 0xB0


_SIZES: Final = {1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18}
"""Bytes of a load or store → its bits in the opcode."""
_FRAME: Final = 10
"""The register that points to the end of the stack."""


def _syscall(command: str, attributes: bytes | ctypes.Array[ctypes.c_char]) -> int:
    number = _SYSCALL_NUMBER.get(os.uname().machine)
    if number is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    result: int = libc.syscall(number, _COMMANDS[command], attributes, len(attributes))
    return check(result)


class Map:
    """A table that programs and this process share; keys and values are bytes of a fixed size.

    `size` and `value_size` in bytes; `entries` at the most. Raises OSError.
    """

    def __init__(self, kind: MapKind, *, key_size: int, value_size: int, entries: int) -> None:
        self.kind = kind
        self.value_size = value_size
        self.descriptor = _syscall("map_create", struct.pack("<5I", kind, key_size, value_size, entries, 0))
        self._copies = _possible_cpus() if kind is MapKind.PER_CPU_ARRAY else 1
        self._stride = -(-value_size // 8) * 8 if self._copies > 1 else value_size
        self._key = ctypes.create_string_buffer(key_size)
        self._value = ctypes.create_string_buffer(max(8, self._stride * self._copies))
        self._element = ctypes.create_string_buffer(
            struct.pack(
                "<I4xQQQ", self.descriptor, ctypes.addressof(self._key), ctypes.addressof(self._value), 0
            ),
            32,
        )

    def set(self, key: bytes, value: bytes) -> None:
        """Put `value` at `key`, on every CPU; raises OSError (E2BIG when it is full)."""
        self._key.raw = key
        self._value.raw = (value.ljust(self._stride, b"\0") * self._copies).ljust(len(self._value), b"\0")
        _syscall("update", self._element)

    def get(self, key: bytes) -> list[bytes]:
        """The value at `key`: one, or one for each CPU; none if there is no such key."""
        self._key.raw = key
        try:
            _syscall("lookup", self._element)
        except FileNotFoundError:
            return []
        raw, size = self._value.raw, self.value_size
        return [raw[start : start + size] for start in range(0, self._stride * self._copies, self._stride)]

    def __iter__(self) -> Iterator[bytes]:
        """All keys, while no program changes them."""
        following = ctypes.create_string_buffer(len(self._key))
        key: bytes | None = None
        while True:
            at = ctypes.create_string_buffer(key, len(key)) if key is not None else None
            pointer = ctypes.addressof(at) if at is not None else 0
            attributes = struct.pack("<I4xQQQ", self.descriptor, pointer, ctypes.addressof(following), 0)
            try:
                _syscall("next_key", attributes)
            except FileNotFoundError:
                return
            key = following.raw
            yield key

    def close(self) -> None:
        """Give it back; programs that use it keep it."""
        os.close(self.descriptor)


def _possible_cpus() -> int:
    """How many values a per-CPU map has for each key."""
    last = _POSSIBLE_CPUS.read_text().strip().replace("-", ",").rpartition(",")[2]
    return int(last) + 1


class Code:
    """Instructions of a program, in order. Every method adds one, or the few that belong together.

    Registers: 0 results, 1 to 5 arguments (lost by a call), 6 to 9 kept, 10 the end of the stack.
    """

    def __init__(self) -> None:
        self._instructions: list[tuple[int, int, int, int | str, int]] = []
        self._labels: dict[str, int] = {}

    def _add(
        self, opcode: int, target: int = 0, source: int = 0, offset: int | str = 0, value: int = 0
    ) -> Self:
        self._instructions.append((opcode, target, source, offset, value))
        return self

    def label(self, name: str) -> Self:
        """Where jumps to `name` lead."""
        self._labels[name] = len(self._instructions)
        return self

    def compute(self, operation: Operation, target: int, source: int) -> Self:
        """`target` = `target` `operation` register `source`."""
        return self._add(0x0F | operation, target, source)

    def compute_with(self, operation: Operation, target: int, value: int) -> Self:
        """`target` = `target` `operation` the signed 32-bit `value`."""
        return self._add(0x07 | operation, target, value=value)

    def load(self, size: int, target: int, source: int, offset: int = 0) -> Self:
        """`target` = `size` bytes at `source` + `offset`."""
        return self._add(0x61 | _SIZES[size], target, source, offset)

    def store(self, size: int, target: int, offset: int, source: int) -> Self:
        """`size` bytes at `target` + `offset` = register `source`."""
        return self._add(0x63 | _SIZES[size], target, source, offset)

    def store_value(self, size: int, target: int, offset: int, value: int) -> Self:
        """`size` bytes at `target` + `offset` = `value`."""
        return self._add(0x62 | _SIZES[size], target, offset=offset, value=value)

    def count(self, target: int, offset: int = 0) -> Self:
        """Add 1 to the 8 bytes at `target` + `offset`, atomically; register 1 is lost."""
        return self.compute_with(Operation.MOVE, 1, 1)._add(0xDB, target, 1, offset)

    def jump(self, label: str) -> Self:
        """Go on at `label`."""
        return self._add(0x05, offset=label)

    def jump_if(self, test: Comparison, register: int, value: int, label: str) -> Self:
        """Go on at `label` if the 64-bit `register` passes the `test` with `value` (sign-extended)."""
        return self._add(0x05 | test, register, offset=label, value=value)

    def jump_if_register(self, test: Comparison, register: int, other: int, label: str) -> Self:
        """The same with another register."""
        return self._add(0x0D | test, register, other, label)

    def stack(self, target: int, offset: int) -> Self:
        """`target` = the address `offset` (negative) from the end of the stack."""
        return self.compute(Operation.MOVE, target, _FRAME).compute_with(Operation.ADD, target, offset)

    def map(self, target: int, table: Map) -> Self:
        """`target` = the map, as helpers want it."""
        return self._add(0x18, target, 1, value=table.descriptor)._add(0x00)

    def call(self, helper: Helper) -> Self:
        """Call a helper."""
        return self._add(0x85, value=helper)

    def look_up(self, table: Map, key: int) -> Self:
        """Register 0 = the address of the value in `table` for the key on the stack at `key`, or 0."""
        return self.map(1, table).stack(2, key).call(Helper.MAP_LOOKUP)

    def put(self, table: Map, key: int, value: int) -> Self:
        """Store the value on the stack at `value` for the key at `key`; register 0 = 0, or an error."""
        self.map(1, table).stack(2, key).stack(3, value)
        return self.compute_with(Operation.MOVE, 4, 0).call(Helper.MAP_UPDATE)

    def drop(self, table: Map, key: int) -> Self:
        """Remove the key on the stack at `key`."""
        return self.map(1, table).stack(2, key).call(Helper.MAP_DELETE)

    def leave(self) -> Self:
        """End with 0."""
        return self.compute_with(Operation.MOVE, 0, 0)._add(0x95)

    def assemble(self) -> bytes:
        """The instructions as the kernel reads them."""
        out = bytearray()
        for place, (opcode, target, source, offset, value) in enumerate(self._instructions):
            jump = self._labels[offset] - place - 1 if isinstance(offset, str) else offset
            out += struct.pack("<BBhi", opcode, source << 4 | target, jump, value)
        return bytes(out)


class Program:
    """A raw tracepoint program that the kernel has verified and runs at the tracepoint `name`.

    Raises OSError: EPERM without the privileges, ENOENT when this kernel has no such tracepoint, EACCES or
    EINVAL when the verifier refuses it, with the end of what it said.
    """

    def __init__(self, name: str, code: Code) -> None:
        with contextlib.ExitStack() as undo:
            self._program = _load(code.assemble())
            undo.callback(os.close, self._program)
            label = ctypes.create_string_buffer(name.encode())
            self._link = _syscall("attach", struct.pack("<QI4x", ctypes.addressof(label), self._program))
            undo.pop_all()

    def misses(self) -> int:
        """How often it was not run because it was running on that CPU already (kernel ≥ 5.12; 0 before)."""
        info = ctypes.create_string_buffer(_INFO_BYTES)
        _syscall("info", struct.pack("<IIQ", self._program, _INFO_BYTES, ctypes.addressof(info)))
        return int.from_bytes(info.raw[_MISSES_AT : _MISSES_AT + 8], "little")

    def close(self) -> None:
        """Detach it."""
        os.close(self._link)
        os.close(self._program)


def obstacle() -> str:
    """Why this process cannot follow others by programs in the kernel, before it is tried; empty if nothing
    speaks against it."""
    machine = os.uname().machine
    if machine != "x86_64":
        return f"not supported on {machine} yet"
    if os.geteuid() != 0 or in_user_namespace():
        return "only root of the host may record it"
    if os.stat("/proc/self/ns/pid").st_ino != _FIRST_PID_NAMESPACE:
        return "jettison runs in a PID namespace of its own, where thread ids are not the host's"
    return ""


def attachable(name: str) -> str:
    """Why no program can be attached to the raw tracepoint `name`; empty if one can: it was tried."""
    try:
        Program(name, Code().leave()).close()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _load(code: bytes) -> int:
    try:
        return _verify(code, None)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EINVAL):
            raise
        log = ctypes.create_string_buffer(_LOG_BYTES)  # now tell why
        with contextlib.suppress(OSError):
            return _verify(code, log)
        last = log.value.decode(errors="replace").strip().splitlines()[-3:]
        raise OSError(error.errno, f"{os.strerror(error.errno)}: {' | '.join(last)}") from error


def _verify(code: bytes, log: ctypes.Array[ctypes.c_char] | None) -> int:
    instructions = ctypes.create_string_buffer(code, len(code))
    attributes = struct.pack(
        "<IIQQIIQ",
        _RAW_TRACEPOINT,
        len(code) // 8,
        ctypes.addressof(instructions),
        ctypes.addressof(_LICENSE),
        0 if log is None else 1,
        0 if log is None else _LOG_BYTES,
        0 if log is None else ctypes.addressof(log),
    )
    return _syscall("load", attributes)
