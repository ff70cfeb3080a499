"""How an OCI runtime is called."""

from __future__ import annotations

import enum
import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jettison.errors import HostError

COMMAND_TIMEOUT_S: Final = 60.0
"""One call of a runtime takes 5 to 30 ms; this long only when the host stands still."""
CLEAN_ENVIRONMENT: Final = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
"""All that helpers see of this process's environment."""
_MESSAGE_BYTES: Final = 64 * 1024
"""The end of a runtime's log that is looked at."""


class RuntimeKind(enum.StrEnum):
    """Runtimes whose command line is known here."""

    CRUN = "crun"
    RUNC = "runc"


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """An OCI runtime."""

    kind: RuntimeKind
    path: Path
    version: str
    cgroups: bool = True
    """Whether it can make control groups here."""

    def command(self, folder: Path, log: Path, *arguments: str) -> list[str]:
        """The command line for `arguments`, with its state in `folder`."""
        options = ["--root", f"{folder}/state", "--log", os.fspath(log), "--log-format", "json"]
        if self.kind is RuntimeKind.CRUN:
            options.append(f"--cgroup-manager={'cgroupfs' if self.cgroups else 'disabled'}")
        return [os.fspath(self.path), *options, *arguments]


@dataclass(frozen=True)
class Completed:
    """How a call of the runtime ended."""

    code: int
    message: str
    """What it complained about; empty when it succeeded."""


def call(
    command: Sequence[str], *, log: Path, stdout: int | None = None, stderr: int | None = None
) -> Completed:
    """Run a runtime's command to its end. Must be called inside a `MountSpace`.

    Without `stdout` and `stderr` what it prints goes nowhere. Raises HostError when it does not end in time.
    """
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if stdout is None else stdout,
            stderr=subprocess.DEVNULL if stderr is None else stderr,
            env=CLEAN_ENVIRONMENT,
            cwd="/",
            process_group=0,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise HostError(f"{command[0]} did not answer within {COMMAND_TIMEOUT_S:.0f} s") from error
    except OSError as error:
        raise HostError(f"cannot run {command[0]}: {error.strerror}") from error
    return Completed(done.returncode, last_message(log) if done.returncode else "")


def last_message(log: Path) -> str:
    """The last error in a runtime's JSON log; empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _MESSAGE_BYTES))
            return message_in(file.read(_MESSAGE_BYTES))
    except FileNotFoundError:
        return ""


def message_in(log: bytes) -> str:
    """The last error in the JSON lines `log`; empty when there is none."""
    for line in reversed(log.splitlines()):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("level") in ("error", "fatal"):
            return str(entry.get("msg", ""))
    return ""
