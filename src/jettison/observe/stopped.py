"""A thread that is stopped in a system call: its arguments, and where in the container its paths lead.

What is read from another process may change under our eyes: another thread can rewrite the string, as it can
before the kernel's own look. That is no concern of security here, the supervisor decides nothing; it could
only hide a look-up that the application itself did not want to be seen, and the verification of the result
would show it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

from jettison.limits import MAX_PATH_BYTES
from jettison.linux import seccomp
from jettison.linux.memory import read, read_string
from jettison.linux.syscalls import AUDIT_AARCH64, AUDIT_X86_64, X32_BIT
from jettison.observe import processes
from jettison.observe.arguments import MAX_ARGUMENT_BYTES, MAX_ARGUMENTS
from jettison.observe.calls import ANY_WRITE, AT_FDCWD, Call, Target
from jettison.observe.tasks import Tasks

T = TypeVar("T")
_NUMBER: Final = struct.Struct("<8xI4xII")
_ARGUMENTS: Final = struct.Struct("<32x6Q")


class Place(NamedTuple):
    """A path, absolute in the container, and where `/` of the caller is (nothing: at the container's)."""

    root: bytes
    path: bytes


def signed(value: int) -> int:
    """The `int` in the low half of a register, as descriptors are passed."""
    return (value & 0xFFFFFFFF ^ 0x80000000) - 0x80000000


class Stopped:
    """One notification, looked at closely."""

    __slots__ = ("_listener", "_rooted", "_tasks", "_wide", "call", "note", "task", "thread", "values")

    def __init__(self, call: Call, note: bytes, *, listener: int, tasks: Tasks, rooted: bool) -> None:
        self.call = call
        self.thread, number, arch = _NUMBER.unpack_from(note)
        self.values: tuple[int, ...] = _ARGUMENTS.unpack_from(note)
        self.note = note
        self._listener = listener
        self._tasks = tasks
        self._rooted = rooted
        self.task = tasks.of(self.thread)
        self._wide = arch in (AUDIT_X86_64, AUDIT_AARCH64) and not number & X32_BIT

    def waits(self) -> bool:
        """Whether the caller still waits: all that was read before was read from it and from no later process
        of its id."""
        return seccomp.is_valid(self._listener, self.note[:8])

    def descriptor(self, index: int | None) -> int | None:
        """The descriptor in an argument; None for none and for AT_FDCWD."""
        if index is None:
            return None
        value = signed(self.values[index])
        return None if value == AT_FDCWD else value

    def string(self, index: int) -> bytes | None:
        """The path that an argument points to; None if it cannot be read or is longer than any path may
        be."""
        return self._look(read_string, self.values[index], MAX_PATH_BYTES)

    def read(self, address: int, size: int) -> bytes:
        """Up to `size` bytes of the caller's memory."""
        return self._look(read, address, size)

    def _look(self, how: Callable[[int, int, int], T], address: int, size: int) -> T:
        try:
            return how(self.task.memory, address, size)
        except ProcessLookupError:  # it has executed another program since it was met
            self.task = self._tasks.renew(self.thread)
            return how(self.task.memory, address, size)

    def kind(self, target: Target) -> int:
        """What the call does to `target`, which flags may change."""
        return self.call.kind(target, 0 if self.call.flags is None else self.values[self.call.flags])

    def place(self, target: Target, path: bytes | None) -> Place | None:
        """Where the `path` of `target` leads.

        None if nowhere, or if an empty or null path stands for a descriptor that is only asked about: it was
        opened by a path before.
        """
        descriptor = self.descriptor(target.folder)
        if path:
            return self.resolve(descriptor, path)
        unreadable = path is None and self.values[target.path] != 0
        if descriptor is None or unreadable or not target.kind & ANY_WRITE:
            return None
        base = processes.folder(self.thread, descriptor)
        return None if base is None else Place(b"", base)

    def resolve(self, descriptor: int | None, path: bytes) -> Place | None:
        """Where `path` leads from the folder `descriptor` (None: from the working folder)."""
        root = processes.root(self.thread) if self._rooted else b""
        if not path.startswith(b"/"):
            base = processes.folder(self.thread, descriptor)
            return None if base is None else Place(root, processes.join(base, path))
        if not path.startswith(processes.MAGIC):
            return Place(root, root + path)
        real = processes.see_through(self.thread, path)
        return None if real is None else Place(root, root + path if real == path else real)

    def within(self, descriptor: int | None, path: bytes) -> Place | None:
        """Where `path` leads if the folder `descriptor` is its root (RESOLVE_IN_ROOT of openat2)."""
        base = processes.folder(self.thread, descriptor)
        return None if base is None else Place(base.rstrip(b"/"), processes.join(base, path.lstrip(b"/")))

    def words(self, index: int) -> list[bytes]:
        """The strings of a null-terminated vector that an argument points to, as many and as long as are kept
        of an argv."""
        width = 8 if self._wide else 4
        raw = self.read(self.values[index], MAX_ARGUMENTS * width)
        words = []
        for place in range(0, len(raw) - width + 1, width):
            address = int.from_bytes(raw[place : place + width], "little")
            if not address:
                break
            words.append(self.read(address, MAX_ARGUMENT_BYTES).partition(b"\0")[0])
        return words
