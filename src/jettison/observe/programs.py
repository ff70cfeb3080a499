"""The programs that the kernel runs at its tracepoints: they follow the processes of one container, count
their system calls, and note what they asked for and which capabilities were checked.

A thread is followed by its `task_struct`, whose address the tracepoints and `bpf_get_current_task` give: it
stays the same through execve and means no other thread before the thread has ended. It is followed from the
moment the supervisor has announced its execve (`announced`, by thread id), that is from the container's own
command on and not from what the runtime does before; whatever it forks is followed too, in whatever
namespaces.

====================  =======================================================================================
tracepoint            program
====================  =======================================================================================
`sys_enter`           counts, takes arguments of a few calls, begins to follow who was announced
`sched_process_fork`  the child is followed as its parent is
`sched_process_exec`  the program that was announced is the one that runs now
`sched_process_exit`  forgets the thread
`cap_capable`         notes the capability, whether it was granted, and the call that asked
====================  =======================================================================================

The kernel calls `sys_enter` after seccomp, so a call that the supervisor has not answered yet, or that its
filter refuses, is not counted. x86-64 only: whether a call is one of i386 is a bit in `thread_info.status`.
"""

from __future__ import annotations

import struct
from typing import Final

from jettison.limits import MAX_PIDS
from jettison.linux.bpf import Code, Comparison, Helper, Map, MapKind, Operation

NATIVE, I386, X32 = range(3)
ABIS: Final = ("x86_64", "i386", "x32")
ABI_NUMBERS: Final = 1024
"""Slots for the calls of one ABI; the highest number of any is under 600."""
UNKNOWN: Final = len(ABIS) * ABI_NUMBERS
"""The slot of numbers beyond."""
LOST: Final = UNKNOWN + 1
"""The slot that counts what found no room."""
_SLOTS: Final = LOST + 1

COUNT: Final = struct.Struct("<QQ")
"""A slot: how often it was called, and what is to be noted of the arguments (see `arguments_kind`)."""
FOLLOWED: Final = struct.Struct("<4I")
"""Of a followed thread: number of its program, number of the one that was announced, slot of the call it is
in, whether it was executed into the container later."""
ANNOUNCEMENT: Final = struct.Struct("<2I")
"""Number of the program, whether it is one of a later command."""
ARGUMENTS: Final = struct.Struct("<4I")
"""Slot of the call, and up to three arguments."""
CHECK: Final = struct.Struct("<6I")
"""Capability, whether it was refused, phase, number of the program, slot of the call, unused."""
SETTING: Final = struct.Struct("<Q")
PHASE, NAMESPACE = range(2)
"""Settings: the phase; the address of the user namespace that jettison and the container are in."""

_EXECUTES: Final = 1 << 32
_BY_REFERENCE: Final = 1 << 33
_THREADS: Final = 4 * MAX_PIDS
_MAX_ARGUMENTS: Final = 4096
_MAX_CHECKS: Final = 16384

_STATUS_AT: Final = 16
"""`task_struct.thread_info.status` from Linux 5.11 on; the verifier refuses the program where no number of 32
bits is there."""
_TS_COMPAT: Final = 2
_X32_BIT: Final = 0x40000000
_EXECVE_NUMBERS: Final = (59, 322, _X32_BIT | 520, _X32_BIT | 545, 11, 358)
"""execve and execveat of x86-64, x32 and i386."""

# where things are on the stack of a program
_TASK: Final = -8
_NUMBER: Final = -12
_THREAD: Final = -16
_KEY: Final = -48
_VALUE: Final = -72

KIND_EXECUTES: Final = _EXECUTES


def arguments_kind(*offsets: int, by_reference: bool = False) -> int:
    """What to note of a call: the registers at these `offsets` in `struct pt_regs` (three at the most), or
    the 64 bits that the first one points to."""
    return sum(offset << 8 * place for place, offset in enumerate(offsets)) | (
        _BY_REFERENCE if by_reference else 0
    )


class Tables:
    """The maps that programs and observer share. Raises OSError."""

    def __init__(self) -> None:
        self.followed = Map(MapKind.HASH, key_size=8, value_size=FOLLOWED.size, entries=_THREADS)
        self.announced = Map(MapKind.HASH, key_size=4, value_size=ANNOUNCEMENT.size, entries=_THREADS)
        self.counts = Map(MapKind.PER_CPU_ARRAY, key_size=4, value_size=COUNT.size, entries=_SLOTS)
        self.arguments = Map(MapKind.HASH, key_size=ARGUMENTS.size, value_size=8, entries=_MAX_ARGUMENTS)
        self.checks = Map(MapKind.HASH, key_size=CHECK.size, value_size=8, entries=_MAX_CHECKS)
        self.settings = Map(MapKind.ARRAY, key_size=4, value_size=SETTING.size, entries=2)

    @property
    def all(self) -> tuple[Map, ...]:
        """Every map."""
        return (
            self.followed,
            self.announced,
            self.counts,
            self.arguments,
            self.checks,
            self.settings,
        )


def _lose(code: Code, tables: Tables) -> Code:
    """Count something that found no room; then end."""
    code.store_value(4, 10, _KEY, LOST).look_up(tables.counts, _KEY).jump_if(Comparison.EQUAL, 0, 0, "end")
    return code.count(0).label("end").leave()


def _current(code: Code) -> Code:
    """The current task's address, on the stack at `_TASK`."""
    return code.call(Helper.CURRENT_TASK).store(8, 10, _TASK, 0)


def _thread(code: Code) -> Code:
    """The id of the current thread, on the stack at `_THREAD`."""
    return code.call(Helper.CURRENT_PID_TGID).store(4, 10, _THREAD, 0)


def on_system_call(tables: Tables) -> Code:
    """`sys_enter(struct pt_regs *, long number)`. Register 6: context, 7: task, 8: its record, 9: number."""
    code = Code().compute(Operation.MOVE, 6, 1)
    _current(code).look_up(tables.followed, _TASK).compute(Operation.MOVE, 8, 0)
    code.load(8, 9, 6, 8).jump_if(Comparison.NOT_EQUAL, 8, 0, "followed")

    for number in _EXECVE_NUMBERS:
        code.jump_if(Comparison.EQUAL, 9, number, "executes")
    code.leave()
    code.label("executes")
    _thread(code).look_up(tables.announced, _THREAD).jump_if(Comparison.EQUAL, 0, 0, "end")
    code.load(4, 1, 0, 0).store(4, 10, _VALUE, 1).store(4, 10, _VALUE + 4, 1)
    code.load(4, 1, 0, 4).store(4, 10, _VALUE + 12, 1).store_value(4, 10, _VALUE + 8, 0)
    code.put(tables.followed, _TASK, _VALUE).look_up(tables.followed, _TASK)
    code.compute(Operation.MOVE, 8, 0).jump_if(Comparison.EQUAL, 8, 0, "lost")

    code.label("followed")
    _slot(code)
    code.store(4, 8, 8, 9).store(4, 10, _NUMBER, 9)
    code.look_up(tables.counts, _NUMBER).jump_if(Comparison.EQUAL, 0, 0, "end")
    code.count(0).load(8, 7, 0, 8).jump_if(Comparison.EQUAL, 7, 0, "end")
    code.compute(Operation.MOVE, 1, 7).compute_with(Operation.RIGHT, 1, 32)
    code.jump_if(Comparison.ANY_BIT, 1, _EXECUTES >> 32, "announced")
    _take_arguments(code, tables)

    code.label("announced")
    _thread(code).look_up(tables.announced, _THREAD).jump_if(Comparison.EQUAL, 0, 0, "end")
    code.load(4, 1, 0, 0).store(4, 8, 4, 1).drop(tables.announced, _THREAD).leave()
    code.label("lost")
    return _lose(code, tables)


def _slot(code: Code) -> None:
    """Register 9 from a number to the slot of its ABI."""
    code.call(Helper.CURRENT_TASK_BTF).load(4, 1, 0, _STATUS_AT)
    code.compute_with(Operation.MOVE, 2, NATIVE * ABI_NUMBERS)
    code.jump_if(Comparison.ANY_BIT, 1, _TS_COMPAT, "i386").jump_if(
        Comparison.ANY_BIT, 9, _X32_BIT, "x32"
    ).jump("bound")
    code.label("i386").compute_with(Operation.MOVE, 2, I386 * ABI_NUMBERS).jump("bound")
    code.label("x32").compute_with(Operation.MOVE, 2, X32 * ABI_NUMBERS)
    code.compute_with(Operation.AND, 9, _X32_BIT - 1)
    code.label("bound").jump_if(Comparison.GREATER, 9, ABI_NUMBERS - 1, "unknown")
    code.compute(Operation.ADD, 9, 2).jump("slot")
    code.label("unknown").compute_with(Operation.MOVE, 9, UNKNOWN).label("slot")


def _take_arguments(code: Code, tables: Tables) -> None:
    """Note the arguments that the kind in register 7 names, of the call in slot 9; then end."""
    code.store(4, 10, _KEY, 9)
    for place in range(3):
        at = _KEY + 4 + 4 * place
        code.store_value(4, 10, at, 0).compute(Operation.MOVE, 3, 7)
        code.compute_with(Operation.RIGHT, 3, 8 * place).compute_with(Operation.AND, 3, 0xFF)
        code.jump_if(Comparison.EQUAL, 3, 0, f"none {place}")
        code.load(8, 1, 6, 0).compute(Operation.ADD, 3, 1)
        code.stack(1, at).compute_with(Operation.MOVE, 2, 4).call(Helper.PROBE_READ_KERNEL)
        code.label(f"none {place}")
    code.compute(Operation.MOVE, 1, 7).compute_with(Operation.RIGHT, 1, 32)
    code.jump_if(Comparison.EQUAL, 1, 0, "taken")
    code.load(8, 3, 6, 0).compute_with(Operation.AND, 7, 0xFF).compute(Operation.ADD, 3, 7)
    code.stack(1, _VALUE).compute_with(Operation.MOVE, 2, 8).call(Helper.PROBE_READ_KERNEL)
    code.load(8, 3, 10, _VALUE).stack(1, _KEY + 4).compute_with(Operation.MOVE, 2, 8)
    code.call(Helper.PROBE_READ_USER)
    code.label("taken").store_value(8, 10, _VALUE, 1)
    code.look_up(tables.arguments, _KEY).jump_if(Comparison.NOT_EQUAL, 0, 0, "end")
    code.put(tables.arguments, _KEY, _VALUE).jump_if(Comparison.NOT_EQUAL, 0, 0, "lost").leave()


def on_fork(tables: Tables) -> Code:
    """`sched_process_fork(struct task_struct *parent, struct task_struct *child)`; the child has not run."""
    code = Code().compute(Operation.MOVE, 6, 1).load(8, 1, 6, 0).store(8, 10, _TASK, 1)
    code.look_up(tables.followed, _TASK).jump_if(Comparison.EQUAL, 0, 0, "end")
    for offset in range(0, FOLLOWED.size, 4):
        code.load(4, 1, 0, offset).store(4, 10, _VALUE + offset, 1)
    code.load(8, 1, 6, 8).store(8, 10, _TASK, 1).put(tables.followed, _TASK, _VALUE)
    code.jump_if(Comparison.EQUAL, 0, 0, "end")
    return _lose(code, tables)


def on_execute(tables: Tables) -> Code:
    """`sched_process_exec(struct task_struct *, …)`: the new program runs."""
    code = Code().load(8, 1, 1, 0).store(8, 10, _TASK, 1)
    code.look_up(tables.followed, _TASK).jump_if(Comparison.EQUAL, 0, 0, "end")
    return code.load(4, 1, 0, 4).store(4, 0, 0, 1).label("end").leave()


def on_exit(tables: Tables) -> Code:
    """`sched_process_exit(struct task_struct *, …)`: the thread makes no more calls, and its id may mean
    another one."""
    code = Code().load(8, 1, 1, 0).store(8, 10, _TASK, 1).drop(tables.followed, _TASK)
    return _thread(code).drop(tables.announced, _THREAD).leave()


def on_capability(tables: Tables, *, own: int, credentials_at: int) -> Code:
    """`cap_capable(const struct cred *, struct user_namespace *target, const struct user_namespace *of_cred,
    int capability, int refused)`.

    Only checks between the container's own user namespace and itself count; which that is, shows a check of
    the process `own`, jettison. And only those of the thread's own credentials (`task_struct.real_cred`, at
    `credentials_at`): overlayfs does its work with those of whoever mounted it.
    """
    code = Code().compute(Operation.MOVE, 6, 1)
    _current(code).store_value(4, 10, _NUMBER, NAMESPACE).look_up(tables.settings, _NUMBER)
    code.jump_if(Comparison.EQUAL, 0, 0, "end").compute(Operation.MOVE, 7, 0)
    code.look_up(tables.followed, _TASK).compute(Operation.MOVE, 8, 0)
    code.jump_if(Comparison.NOT_EQUAL, 8, 0, "followed")
    code.call(Helper.CURRENT_PID_TGID).compute_with(Operation.RIGHT, 0, 32)
    code.jump_if(Comparison.NOT_EQUAL, 0, own, "end").load(8, 1, 6, 16).store(8, 7, 0, 1).leave()

    code.label("followed").load(8, 3, 10, _TASK).compute_with(Operation.ADD, 3, credentials_at)
    code.stack(1, _VALUE).compute_with(Operation.MOVE, 2, 8).call(Helper.PROBE_READ_KERNEL)
    code.load(8, 1, 10, _VALUE).load(8, 2, 6, 0).jump_if_register(Comparison.NOT_EQUAL, 1, 2, "end")
    code.load(8, 1, 7, 0)
    for argument in (8, 16):
        code.load(8, 2, 6, argument).jump_if_register(Comparison.NOT_EQUAL, 1, 2, "end")
    code.load(8, 1, 6, 24).store(4, 10, _KEY, 1)
    code.compute_with(Operation.MOVE, 2, 0).load(8, 1, 6, 32).jump_if(Comparison.EQUAL, 1, 0, "granted")
    code.compute_with(Operation.MOVE, 2, 1).label("granted").store(4, 10, _KEY + 4, 2)
    code.store_value(4, 10, _NUMBER, PHASE).look_up(tables.settings, _NUMBER)
    code.jump_if(Comparison.EQUAL, 0, 0, "end").load(4, 1, 0, 0)
    code.load(4, 2, 8, 12).jump_if(Comparison.EQUAL, 2, 0, "main").compute(Operation.MOVE, 1, 2)
    code.label("main").store(4, 10, _KEY + 8, 1)
    code.load(4, 1, 8, 0).store(4, 10, _KEY + 12, 1).load(4, 1, 8, 8).store(4, 10, _KEY + 16, 1)
    code.store_value(4, 10, _KEY + 20, 0)
    code.look_up(tables.checks, _KEY).jump_if(Comparison.NOT_EQUAL, 0, 0, "end")
    code.store_value(8, 10, _VALUE, 1).put(tables.checks, _KEY, _VALUE).jump_if(Comparison.EQUAL, 0, 0, "end")
    return _lose(code, tables)
