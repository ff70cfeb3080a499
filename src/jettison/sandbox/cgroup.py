"""The control groups of one sandbox: what it used, and an end to all that is in it.

The runtime makes them (that also gives the container its device list), at `/jettison-ID` in every hierarchy.
This module finds them, in the three layouts there are: v2 (one hierarchy), v1 (one per controller), and
hybrid (v1 with an empty v2 at `unified`).
"""

from __future__ import annotations

import contextlib
import enum
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jettison.linux.namespaces import in_user_namespace

ROOT: Final = Path("/sys/fs/cgroup")
_SHARE: Final = 4096
"""Bytes that one read of a control file may give."""
_KILL_TIMEOUT_S: Final = 10.0
_FREEZE_TIMEOUT_S: Final = 0.5
"""How long processes may take to be frozen; one in an uninterruptible call takes as long as that."""


class Layout(enum.StrEnum):
    """How the host's control groups are laid out."""

    V2 = "v2"
    HYBRID = "hybrid"
    V1 = "v1"
    NONE = "none"


@dataclass(frozen=True)
class Usage:
    """Peaks and sums of a sandbox; None where the host cannot tell."""

    memory_peak_bytes: int | None = None
    cpu_seconds: float | None = None
    pids_peak: int | None = None
    memory_working_bytes: int | None = None
    """Now: anonymous, shared and kernel memory, which the kernel cannot drop as it can the page cache."""


def layout() -> Layout:
    """The layout of this host."""
    if (ROOT / "cgroup.controllers").exists():
        return Layout.V2
    if (ROOT / "unified/cgroup.controllers").exists():
        return Layout.HYBRID
    return Layout.V1 if _hierarchies() else Layout.NONE


def writable() -> bool:
    """Whether this process may make control groups, with a list of devices for each (only real root may)."""
    return (
        os.geteuid() == 0
        and not in_user_namespace()
        and any(os.access(path, os.W_OK) for path in _hierarchies())
    )


def _hierarchies() -> list[Path]:
    """Mount points of all hierarchies; v1 ones are recognised by a file that only their root folder has."""
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    with contextlib.suppress(OSError), os.scandir(ROOT) as entries:
        return sorted(Path(entry.path) for entry in entries if _is_hierarchy(entry))
    return []


def _is_hierarchy(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) and Path(entry.path, "cgroup.procs").exists()


class Cgroup:
    """The groups of one name, wherever the host has them."""

    def __init__(self, name: str) -> None:
        """`name` may be a path, as in `ID/exec-1`."""
        self._folders = [path for root in _hierarchies() if (path := root / name).is_dir()]

    def __bool__(self) -> bool:
        return bool(self._folders)

    def make_inner(self, name: str) -> None:
        """Make a group `name` in each of them. A v1 cpuset takes no process before it was told its CPUs and
        memory."""
        for folder in self._folders:
            (folder / name).mkdir()
            for file in ("cpuset.cpus", "cpuset.mems"):
                if (folder / name / file).exists():
                    (folder / name / file).write_text((folder / file).read_text())

    def usage(self) -> Usage:
        """What was used so far."""
        memory = self._number("memory.peak")
        if memory is None:
            memory = self._number("memory.max_usage_in_bytes")
        return Usage(
            memory_peak_bytes=memory,
            cpu_seconds=self._cpu_seconds(),
            pids_peak=self._number("pids.peak"),
            memory_working_bytes=self._working_bytes(),
        )

    def forget_peak(self) -> None:
        """Let the memory peak start anew, without what the runtime needed to set the container up (v1
        only)."""
        for folder in self._folders:
            with contextlib.suppress(OSError):
                (folder / "memory.max_usage_in_bytes").write_text("0")

    def out_of_memory(self) -> bool:
        """Whether the kernel has killed a process here for want of memory."""
        text = self._read("memory.events") or self._read("memory.oom_control") or ""
        return any(line.startswith("oom_kill ") and not line.endswith(" 0") for line in text.splitlines())

    def kill(self, *, between: Callable[[], None] = lambda: None) -> None:
        """Kill every process in it, also those that are forked meanwhile; raises TimeoutError.

        `between` is called while they end.
        """
        deadline = time.monotonic() + _KILL_TIMEOUT_S
        while pids := self.pids():
            self._kill_once(pids)
            between()
            if time.monotonic() > deadline:
                raise TimeoutError(f"processes in {self._folders[0]} do not end")
            time.sleep(0.002)

    @contextmanager
    def frozen(self) -> Iterator[bool]:
        """Stop every process in it, without any of them noticing (cgroup-v2.rst, cgroup.freeze; v1:
        freezer-subsystem.rst); on leaving they go on. Gives whether they stand still: not every host can do
        that."""
        try:
            yield self._frozen_within(_FREEZE_TIMEOUT_S)
        finally:
            self._freeze("THAWED")
            self._write("cgroup.freeze", "0")

    def _frozen_within(self, seconds: float) -> bool:
        if not [*self._files("freezer.state"), *self._files("cgroup.freeze")]:
            return False
        self._freeze("FROZEN")
        self._write("cgroup.freeze", "1")
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._read("freezer.state") == "FROZEN\n" or "frozen 1" in (self._read("cgroup.events") or ""):
                return True
            time.sleep(0.0005)
        return False

    def remove(self) -> None:
        """Remove the groups, which must be empty."""
        for folder in self._folders:
            for inner in (*_inner(folder), folder):
                with contextlib.suppress(FileNotFoundError):
                    inner.rmdir()

    def _kill_once(self, pids: set[int]) -> None:
        for switch in self._files("cgroup.kill"):
            switch.write_text("1")
            return
        self._freeze("FROZEN")
        for pid in pids | self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._freeze("THAWED")

    def _freeze(self, state: str) -> None:
        self._write("freezer.state", state)

    def _write(self, name: str, text: str) -> None:
        for switch in self._files(name):
            with contextlib.suppress(OSError):
                switch.write_text(text)

    def pids(self) -> set[int]:
        """The processes in it, and in groups inside it."""
        found: set[int] = set()
        for folder in self._folders:
            for group in (folder, *_inner(folder)):
                with contextlib.suppress(OSError):
                    found.update(map(int, (group / "cgroup.procs").read_text().split()))
        return found

    def _working_bytes(self) -> int | None:
        """v1 keeps kernel memory apart; in v2 it is part of the statistics (as a sum from Linux 5.18 on)."""
        lines = (line.partition(" ") for line in (self._read("memory.stat") or "").splitlines())
        stat = {key: int(value) for key, _, value in lines}
        if "total_rss" in stat:
            kernel = self._number("memory.kmem.usage_in_bytes") or 0
            return stat["total_rss"] + stat.get("total_shmem", 0) + kernel
        if "anon" in stat:
            parts = sum(stat.get(part, 0) for part in ("kernel_stack", "pagetables", "slab"))
            kernel = stat.get("kernel", parts) - stat.get("slab_reclaimable", 0)
            return stat["anon"] + stat.get("shmem", 0) + kernel
        return None

    def _cpu_seconds(self) -> float | None:
        nanoseconds = self._number("cpuacct.usage")
        if nanoseconds is not None:
            return nanoseconds / 1e9
        for line in (self._read("cpu.stat") or "").splitlines():
            key, _, value = line.partition(" ")
            if key == "usage_usec":
                return int(value) / 1e6
        return None

    def _number(self, name: str) -> int | None:
        text = self._read(name)
        return int(text) if text is not None and text.strip().isdigit() else None

    def _read(self, name: str) -> str | None:
        for path in self._files(name):
            with contextlib.suppress(OSError), path.open() as file:
                return file.read(_SHARE)
        return None

    def _files(self, name: str) -> Iterator[Path]:
        return (path for folder in self._folders if (path := folder / name).exists())


def _inner(folder: Path) -> list[Path]:
    """Groups within a group, the innermost first."""
    return [Path(path) for path, _, _ in os.walk(folder, topdown=False) if path != os.fspath(folder)]
