"""What the kernel's tracepoints tell about one run beyond the paths: every system call, exactly, what a few
of them asked for, and the capabilities that were checked.

It needs root of the host and Linux 5.11 (system calls) or 6.14 (capabilities) on x86-64. Where that is not
so, the observation goes on without it and says why; it also says so when the kernel reports that a program
could not be run once, or when a table was full, as what was counted would not be exact.
"""

from __future__ import annotations

import contextlib
import errno
import os
import struct
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from jettison.linux import bpf, btf, capabilities, tables
from jettison.observe import programs
from jettison.observe.evidence import Phase
from jettison.observe.trace import CapabilityCheck, Tally

SYSCALLS: Final = "syscalls"
CAPABILITIES: Final = "capabilities"
"""What may be unrecorded, as the evidence names it."""

_PHASES: Final = tuple(Phase)
_INDEX: Final = struct.Struct("<I")

_REGISTERS: Final = ((112, 104, 96), (40, 88, 96), (112, 104, 96))
"""Of x86-64, i386 and x32: offsets of the first three arguments in `struct pt_regs`."""
_NOTED: Final = {
    "socket": (0, 1, 2),
    "socketpair": (0, 1, 2),
    "clone": (0,),
    "unshare": (0,),
    "setns": (1,),
    "prctl": (0,),
    "personality": (0,),
    "socketcall": (0,),
}
"""Calls whose arguments are noted → which; of clone3 it is the flags in the structure it points to."""
_SIGNAL_BITS: Final = 0xFF
_SOCKET_TYPE_BITS: Final = 0xF

_ASK_FOR_ADMIN: Final = frozenset(
    [
        "mount",
        "umount",
        "umount2",
        "unshare",
        "setns",
        "pivot_root",
        "sethostname",
        "setdomainname",
        "bpf",
        "perf_event_open",
        "quotactl",
        "swapon",
        "swapoff",
        "move_mount",
        "open_tree",
        "fsopen",
        "fspick",
        "fsmount",
        "mount_setattr",
        "fanotify_init",
        "syslog",
        "ioprio_set",
        "keyctl",
        "acct",
    ]
)
"""Calls of which a check of CAP_SYS_ADMIN says something. It is also checked, to no effect, whenever memory
is accounted for (`cap_vm_enough_memory`), in any call and between calls."""


class Tracepoints:
    """Follows the processes of one run from the kernel's side; `close` lets the kernel forget it.

    `unrecorded` says what is not recorded, and why. Made before the supervisor is forked, which announces
    what is executed; the maps are shared by both.
    """

    def __init__(self) -> None:
        self.unrecorded: dict[str, str] = {}
        self._tables: programs.Tables | None = None
        self._attached: list[bpf.Program] = []
        self._resources = contextlib.ExitStack()
        reason = bpf.obstacle()
        if reason:
            self.unrecorded = dict.fromkeys((SYSCALLS, CAPABILITIES), reason)
            return
        with contextlib.ExitStack() as resources:
            try:
                self._open(resources)
            except OSError as error:
                refused = f"the kernel refuses it: {error.strerror}"
                self.unrecorded = dict.fromkeys((SYSCALLS, CAPABILITIES), refused)
                return
            self._resources = resources.pop_all()

    def _open(self, resources: contextlib.ExitStack) -> None:
        shared = programs.Tables()
        for table in shared.all:
            resources.callback(table.close)
        try:
            self._attach(bpf.CAPABILITY_CHECKS, _on_capability(shared), resources)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
            self.unrecorded[CAPABILITIES] = bpf.NO_CAPABILITIES
        for slot, kind in _kinds():
            shared.counts.set(_INDEX.pack(slot), programs.COUNT.pack(0, kind))
        # From back to front: nobody is followed before it would also be forgotten.
        self._attach("sched_process_exit", programs.on_exit(shared), resources)
        self._attach("sched_process_exec", programs.on_execute(shared), resources)
        self._attach("sched_process_fork", programs.on_fork(shared), resources)
        self._attach(bpf.SYSTEM_CALLS, programs.on_system_call(shared), resources)
        self._tables = shared

    def _attach(self, name: str, code: bpf.Code, resources: contextlib.ExitStack) -> None:
        program = bpf.Program(name, code)
        resources.callback(program.close)
        self._attached.append(program)

    def close(self) -> None:
        """Detach everything."""
        self._tables = None
        self._attached.clear()
        self._resources.close()

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What the supervisor has to keep open."""
        return () if self._tables is None else tuple(table.descriptor for table in self._tables.all)

    def turn(self, phase: int) -> None:
        """Everything that is checked from now on belongs to the phase with that place in `Phase`."""
        if self._tables is not None:
            self._tables.settings.set(_INDEX.pack(programs.PHASE), programs.SETTING.pack(phase))

    def announce(self, thread: int, program: int, main: bool) -> None:
        """`thread`, which is stopped in execve, is about to run the program with that number; `main`: not as
        part of a later command."""
        if self._tables is None:
            return
        phase = 0 if main else _PHASES.index(Phase.EXEC)
        try:
            self._tables.announced.set(_INDEX.pack(thread), programs.ANNOUNCEMENT.pack(program, phase))
        except OSError:
            self._tables.counts.set(_INDEX.pack(programs.LOST), programs.COUNT.pack(1, 0))

    def tally(self, executables: Sequence[bytes]) -> Tally:
        """What was counted; `executables` are the programs by number. The container has ended."""
        if self._tables is None:
            return Tally(unrecorded=self.unrecorded)
        counts = _counts(self._tables)
        lost = counts.pop(programs.LOST, 0) + sum(program.misses() for program in self._attached)
        if lost:
            reason = f"{lost} events found no room or no turn, so that the record would not be exact"
            return Tally(unrecorded=dict.fromkeys((SYSCALLS, CAPABILITIES), reason))
        native, compat = _by_name(counts)
        return Tally(
            syscalls=native,
            compat_syscalls=compat,
            arguments=_arguments(self._tables),
            checks=None if CAPABILITIES in self.unrecorded else _checks(self._tables, executables),
            unrecorded=self.unrecorded,
        )


def _on_capability(shared: programs.Tables) -> bpf.Code:
    return programs.on_capability(
        shared, own=os.getpid(), credentials_at=btf.offset("task_struct", "real_cred")
    )


def _kinds() -> Iterator[tuple[int, int]]:
    """(slot, what is noted) of the calls that are more than counted."""
    columns = (tables.X86_64, tables.I386, {**tables.X86_64, **tables.X32})
    for abi, (numbers, registers) in enumerate(zip(columns, _REGISTERS, strict=True)):
        base = abi * programs.ABI_NUMBERS
        for name in ("execve", "execveat"):
            yield base + numbers[name], programs.KIND_EXECUTES
        for name, places in _NOTED.items():
            if name in numbers:
                offsets = [registers[place] for place in places]
                yield base + numbers[name], programs.arguments_kind(*offsets)
        yield base + numbers["clone3"], programs.arguments_kind(registers[0], by_reference=True)


def _counts(shared: programs.Tables) -> dict[int, int]:
    """Slot → how often, on all CPUs; only what was called."""
    found = {}
    for slot in range(programs.LOST + 1):
        total = sum(programs.COUNT.unpack(each)[0] for each in shared.counts.get(_INDEX.pack(slot)))
        if total:
            found[slot] = total
    return found


def _names() -> dict[int, tuple[str, str]]:
    """Slot → ABI and name."""
    x32 = {**tables.X86_64, **tables.X32}
    return {
        abi * programs.ABI_NUMBERS + number: (programs.ABIS[abi], name)
        for abi, numbers in enumerate((tables.X86_64, tables.I386, x32))
        for name, number in numbers.items()
    }


_SLOT_NAMES: Final = _names()


def slot_name(slot: int) -> tuple[str, str]:
    """ABI and name of the call in a slot; `syscall_480` for a number that is younger than the tables."""
    if slot == programs.UNKNOWN:
        return programs.ABIS[0], "syscall_unknown"
    abi, number = divmod(slot, programs.ABI_NUMBERS)
    return _SLOT_NAMES.get(slot, (programs.ABIS[abi], f"syscall_{number}"))


def _by_name(counts: Mapping[int, int]) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    native: Counter[str] = Counter()
    compat: dict[str, dict[str, int]] = {}
    for slot, count in counts.items():
        abi, name = slot_name(slot)
        if abi == programs.ABIS[0]:
            native[name] += count
        else:
            compat.setdefault(abi, {})[name] = count
    return dict(native), compat


def _arguments(shared: programs.Tables) -> dict[str, set[tuple[int, ...]]]:
    found: dict[str, set[tuple[int, ...]]] = {}
    for key in shared.arguments:
        slot, *values = programs.ARGUMENTS.unpack(key)
        _, name = slot_name(slot)
        found.setdefault(name, set()).add(_meaning(name, *values))
    return found


def _meaning(name: str, first: int, second: int, third: int) -> tuple[int, ...]:
    """The arguments without what says nothing: the signal of a clone, the flags of a socket."""
    match name:
        case "socket" | "socketpair":
            return first, second & _SOCKET_TYPE_BITS, third
        case "clone":
            return (first & ~_SIGNAL_BITS,)
        case "clone3":
            return (first | second << 32,)
    return (first,)


def _checks(shared: programs.Tables, executables: Sequence[bytes]) -> tuple[CapabilityCheck, ...]:
    found = []
    for key in shared.checks:
        number, refused, phase, program, slot, _ = programs.CHECK.unpack(key)
        name = capabilities.name(number)
        _, call = slot_name(slot)
        if name == "CAP_SYS_ADMIN" and call not in _ASK_FOR_ADMIN:
            continue
        by = executables[program] if program < len(executables) else b""
        found.append(CapabilityCheck(name, not refused, _PHASES[phase], by, call))
    return tuple(found)
