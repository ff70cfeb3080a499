"""What the workload needs of a running container: the smallest view of `sandbox.Sandbox` that it can
drive."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from jettison.sandbox.outputs import Outputs


class Exit(Protocol):
    """How the main process ended."""

    @property
    def code(self) -> int:
        """Exit code; 128 + n after signal n."""


class ExecResult(Protocol):
    """How a command inside the container ended."""

    @property
    def exit_code(self) -> int:
        """Exit code; 126 and 127 when it could not be started."""

    @property
    def stdout(self) -> bytes:
        """What it printed, bounded by the sandbox."""

    @property
    def stderr(self) -> bytes:
        """What it complained about, bounded by the sandbox."""

    @property
    def timed_out(self) -> bool:
        """Whether it was killed because its time was over."""


class Target(Protocol):
    """A running container."""

    @property
    def id(self) -> str:
        """Name of the container, for `JETTISON_CONTAINER`."""

    @property
    def pid(self) -> int:
        """Host pid of the main process."""

    @property
    def netns(self) -> Path:
        """Its network namespace, as a file that setns(2) takes."""

    @property
    def outputs(self) -> Outputs:
        """Its writable mounts. What a batch job writes there is its answer."""

    def poll(self) -> Exit | None:
        """How the main process ended, or None while it runs."""

    def exec(self, argv: Sequence[str], *, timeout: float) -> ExecResult:
        """Run a command inside, at the most `timeout` seconds."""

    def tail(self) -> tuple[bytes, bytes]:
        """What stdout and stderr of the main process hold so far (their last part)."""
