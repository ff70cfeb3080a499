"""How processes of a container end."""

from __future__ import annotations

import signal as signals
from dataclasses import dataclass


@dataclass(frozen=True)
class Exit:
    """How the main process ended."""

    code: int
    """Exit code; 128 + n after signal n."""
    signal: int | None = None
    """The signal that ended it."""
    oom: bool = False
    """Killed for want of memory."""

    @classmethod
    def of(cls, status: int, *, oom: bool) -> Exit:
        """From a `ChildProcess` status: an exit code, or minus a signal; `oom`: whether the kernel killed any
        for memory."""
        if status >= 0:
            return cls(status)
        return cls(128 - status, -status, oom and status == -signals.SIGKILL)


@dataclass(frozen=True)
class StopResult:
    """How the main process was stopped."""

    exit: Exit
    seconds: float
    killed: bool
    """It did not end on its stop signal within the grace."""


@dataclass(frozen=True)
class ExecResult:
    """How a further command in the container ended."""

    exit_code: int
    """128 + n after signal n; 126 and 127 when it could not be started."""
    stdout: bytes
    stderr: bytes
    timed_out: bool = False
    """It was killed because its time was over."""
    dropped: tuple[int, int] = (0, 0)
    """Bytes of stdout and stderr that were not kept."""
