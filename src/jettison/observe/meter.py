"""What a running container uses: peaks that the kernel keeps, and the largest of samples where it keeps
none."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Final, Self

from jettison.linux.openat2 import open_in_root
from jettison.observe.evidence import Phase, Resources
from jettison.sandbox.sandbox import Sandbox

_PERIOD_S: Final = 0.1
"""A sample reads one file of a control group, and asks for the size of a folder of each process."""
_MAX_PROCESSES: Final = 256
"""Processes of which one sample counts the descriptors."""


class Meter:
    """Samples `box` while it runs, in a thread of its own and between phases; a context manager.

    After it, `resources` are the peaks (None where this host could not tell) and `cpu` the CPU seconds of
    each phase.
    """

    def __init__(self, box: Sandbox) -> None:
        self.resources = Resources()
        self.cpu: dict[Phase, float] = {}
        self._box = box
        self._phase = Phase.START
        self._counted = 0.0
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="meter", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._take_peaks()
        self._count()

    def mark(self, phase: Phase, _step: str) -> None:
        """What is used from now on belongs to `phase`."""
        if phase is not self._phase:
            self._sample()
            self._count()
            self._phase = phase

    def _count(self) -> None:
        used = self._box.usage().cpu_seconds
        if used is not None:
            self.cpu[self._phase] = self.cpu.get(self._phase, 0.0) + used - self._counted
            self._counted = used

    def _run(self) -> None:
        while True:
            self._sample()
            if self._over.wait(_PERIOD_S):
                return

    def _sample(self) -> None:
        pids = sorted(self._box.pids())[:_MAX_PROCESSES]
        self._raise("memory_working_bytes", self._box.usage().memory_working_bytes)
        self._raise("files_peak", max(_open_files(pids), default=None))
        self._raise("shm_peak_bytes", _shared_memory(self._box.pid))

    def _take_peaks(self) -> None:
        usage = self._box.usage()
        self._raise("memory_peak_bytes", usage.memory_peak_bytes)
        self._raise("cpu_seconds", usage.cpu_seconds)
        self._raise("pids_peak", usage.pids_peak)

    def _raise(self, name: str, value: float | None) -> None:
        if value is None:
            return
        with self._lock:
            setattr(self.resources, name, max(getattr(self.resources, name) or 0, value))


def _open_files(pids: Iterable[int]) -> Iterator[int]:
    """How many descriptors each process has open (proc_pid_fd(5); before Linux 6.2 the size says nothing)."""
    for pid in pids:
        with contextlib.suppress(OSError):
            folder = f"/proc/{pid}/fd"
            yield os.stat(folder).st_size or len(os.listdir(folder))


def _shared_memory(pid: int) -> int | None:
    """The bytes used of /dev/shm as `pid` sees it."""
    with contextlib.ExitStack() as opened, contextlib.suppress(OSError):
        root = os.open(f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        opened.callback(os.close, root)
        folder = open_in_root(root, b"dev/shm", os.O_PATH | os.O_DIRECTORY)
        opened.callback(os.close, folder)
        status = os.statvfs(folder)
        return (status.f_blocks - status.f_bfree) * status.f_frsize
    return None
