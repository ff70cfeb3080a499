"""What the supervisor has seen so far, folded as it comes: bounded in number and in bytes."""

from __future__ import annotations

from typing import Final

from jettison.limits import MAX_EVENTS, MAX_TRACE_BYTES
from jettison.observe.trace import Direction, Protocol, Report, SocketFamily

MAX_EXECUTIONS: Final = 20_000
"""Different command lines that are kept; later ones are counted by their path alone."""


class Record:
    """Folds look-ups, programs and sockets of all sessions; `reason` is not empty once something was lost."""

    def __init__(self) -> None:
        self.reason = ""
        self._executables: dict[bytes, int] = {}
        self._lookups: dict[tuple[int, bytes, bytes, int, int], int] = {}
        self._executions: dict[tuple[bytes, tuple[bytes, ...], int], int] = {}
        self._sockets: dict[tuple[Direction, SocketFamily, Protocol, str, int, int], None] = {}
        self._bytes = 0

    def executable(self, path: bytes) -> int:
        """The number that stands for an executable."""
        return self._executables.setdefault(path, len(self._executables))

    def lookup(self, kind: int, path: bytes, root: bytes, executable: int, phase: int, mark: int) -> None:
        """Note a look-up; the first `mark` of equal ones stays."""
        key = (kind, path, root, executable, phase)
        if key in self._lookups:
            return
        self._bytes += len(path)
        if len(self._lookups) >= MAX_EVENTS or self._bytes > MAX_TRACE_BYTES:
            self.lose("the application looked up more different paths than the observer keeps")
            return
        self._lookups[key] = mark

    def execution(self, path: bytes, argv: tuple[bytes, ...], phase: int) -> None:
        """Count a program that was executed."""
        key = (path, argv, phase)
        if key not in self._executions and len(self._executions) >= MAX_EXECUTIONS:
            key = (path, (), phase)
        self._executions[key] = self._executions.get(key, 0) + 1

    def socket(
        self,
        direction: Direction,
        family: SocketFamily,
        protocol: Protocol,
        address: str,
        port: int,
        executable: int,
    ) -> None:
        """Note a socket."""
        if len(self._sockets) < MAX_EXECUTIONS:
            self._sockets[(direction, family, protocol, address, port, executable)] = None

    def lose(self, reason: str) -> None:
        """Say that something is missing from now on; the first reason stays."""
        self.reason = self.reason or reason

    def report(self, events: int) -> Report:
        """All of it."""
        return Report(
            executables=list(self._executables),
            lookups=[(*key, mark) for key, mark in self._lookups.items()],
            executions=[(*key, count) for key, count in self._executions.items()],
            sockets=list(self._sockets),
            events=events,
            reason=self.reason,
        )
