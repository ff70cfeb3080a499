"""What the supervisor remembers about threads from one call to the next."""

from __future__ import annotations

import os
import time
from typing import Final

from jettison.linux.memory import open_memory
from jettison.observe import processes
from jettison.observe.record import Record

LEASE_S: Final = 0.05
"""How long a thread id is trusted to mean the same thread. The kernel hands ids out in turn, so that one
cannot come back sooner than after a whole round of 32,768 or more, which takes seconds at the least."""
_MAX_TASKS: Final = 256
"""Each holds a descriptor."""
_MAX_KNOWN: Final = 100_000
"""Look-ups of one program; a full set is emptied."""

Key = tuple[int, int, bytes | None]
"""(token of the call, flags, path): a look-up that means the same whenever the same program does it."""


class Task:
    """A thread: the number of its program, its memory (a descriptor), and the look-ups of that program that
    need no second look."""

    __slots__ = ("executable", "expires", "known", "memory")

    def __init__(self, executable: int, memory: int, known: set[Key]) -> None:
        self.executable = executable
        self.memory = memory
        self.known = known
        self.expires = time.monotonic() + LEASE_S

    def learn(self, key: Key) -> None:
        """From now on the look-up is known."""
        if len(self.known) >= _MAX_KNOWN:
            self.known.clear()
        self.known.add(key)


class Tasks:
    """The threads that were met lately."""

    def __init__(self, record: Record) -> None:
        self.met: dict[int, Task] = {}
        """Thread id → task; for a quick look, the way to one that is sure to be right is `of`."""
        self._record = record
        self._known: dict[int, set[Key]] = {}

    def of(self, thread: int) -> Task:
        """The thread with that id. OSError: it is gone, or may not be looked into."""
        task = self.met.get(thread)
        return self.renew(thread) if task is None or task.expires < time.monotonic() else task

    def renew(self, thread: int) -> Task:
        """The same, looked up anew."""
        if len(self.met) >= _MAX_TASKS:
            self.forget()
        memory = open_memory(thread)
        number = self._record.executable(processes.executable(thread))
        old = self.met.get(thread)
        if old is not None:
            os.close(old.memory)
        task = self.met[thread] = Task(number, memory, self._known.setdefault(number, set()))
        return task

    def forget(self) -> None:
        """Look every thread up anew when it is met again."""
        for task in self.met.values():
            os.close(task.memory)
        self.met.clear()

    def unlearn(self) -> None:
        """No look-up is known any more."""
        for known in self._known.values():
            known.clear()
