"""The calls of the OCI runtime that one container needs."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import secrets
import signal
import time
from pathlib import Path
from typing import Any, Final

import msgspec

from jettison.errors import ApplicationError, HostError
from jettison.layers.path import printable
from jettison.linux.process import ChildProcess
from jettison.sandbox.oci import Completed, Runtime, call, last_message
from jettison.sandbox.output import Output
from jettison.sandbox.process import ExecResult
from jettison.sandbox.records import Container
from jettison.sandbox.shield import uninterrupted
from jettison.sandbox.space import MountSpace

_NOT_EXECUTABLE: Final = re.compile(r'executable|exec: "|chdir ')
"""What runtimes say when the container is fine and its program is not."""
_CRUN_EXEC: Final = "exec container process"
_RUNC_EXEC: Final = re.compile(
    rb"exec [^\n]+: (?:no such file or directory|exec format error|permission denied)\s*"
)
_LAST_OUTPUT_S: Final = 0.5
"""How long a command's output may stay open after it has ended (a background process that it left may hold
it)."""


class Launcher:
    """One container, by the runtime's command line."""

    def __init__(self, runtime: Runtime, space: MountSpace, folder: Path) -> None:
        self.id = f"jettison-{secrets.token_hex(8)}"
        self._runtime = runtime
        self._space = space
        self._folder = folder
        self._numbers = itertools.count(1)

    def record(self) -> Container:
        """For the journal."""
        return Container(
            id=self.id,
            kind=self._runtime.kind,
            runtime=os.fspath(self._runtime.path),
            cgroups=self._runtime.cgroups,
            folder=os.fspath(self._folder),
        )

    def create(self, output: Output) -> ChildProcess:
        """Set the container up from the bundle in the folder; its main process waits to be started."""
        pid_file = self._folder / "pid"
        done = self._call(
            output, "create", "--bundle", str(self._folder), "--pid-file", str(pid_file), self.id
        )
        if done.code:
            raise self._failure("set the container up", done, output)
        return ChildProcess(int(pid_file.read_bytes()))

    def start(self) -> None:
        """Let the main process execute the application's program."""
        done = self._space.run(call, self._command("start", self.id), log=self._log)
        if done.code:
            raise self._failure("start the container", done, None)

    def exec(self, section: dict[str, Any], timeout: float) -> ExecResult:
        """Run the process that `section` (OCI `process`) describes, for at most `timeout` seconds."""
        deadline = time.monotonic() + timeout
        name = f"exec-{next(self._numbers)}"
        file, pid_file = self._folder / f"{name}.json", self._folder / f"{name}.pid"
        file.write_bytes(msgspec.json.encode(section))
        output = Output()
        try:
            options = ["--detach", "--process", str(file), "--pid-file", str(pid_file)]
            done = self._call(output, "exec", *options, self.id)
            if done.code:
                return _not_started(done)
            child = ChildProcess(int(pid_file.read_bytes()))
            try:
                return _finish(child, output, deadline)
            finally:
                child.close()
        finally:
            output.close()

    def settle(self) -> None:
        """Wait for a call that is under way; an interrupted caller does not interrupt it."""
        with uninterrupted():
            self._space.run(int)

    def reap(self) -> None:
        """Take the status of a main process that nobody came to hold."""
        with contextlib.suppress(OSError, ValueError):
            os.waitpid(int((self._folder / "pid").read_bytes()), os.WNOHANG)

    def check_executed(self, output: Output) -> None:
        """Raises ApplicationError if the main process ended because the kernel refused to execute the
        program."""
        message = last_message(self._log)
        if message.startswith(_CRUN_EXEC):
            raise _not_executable(message.removeprefix(_CRUN_EXEC).strip())
        output.finish(_LAST_OUTPUT_S)
        text = output.stderr
        if not output.stdout and _RUNC_EXEC.fullmatch(text):
            raise _not_executable(text.decode("utf-8", "replace").strip())

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    def _command(self, *arguments: str) -> list[str]:
        return self._runtime.command(self._folder, *arguments)

    def _call(self, output: Output, *arguments: str) -> Completed:
        stdout, stderr = output.writers
        done = self._space.run(call, self._command(*arguments), log=self._log, stdout=stdout, stderr=stderr)
        output.start()
        return done

    def _failure(self, what: str, done: Completed, output: Output | None) -> HostError | ApplicationError:
        message = done.message
        if not message and output is not None:
            output.finish(_LAST_OUTPUT_S)
            message = output.stderr.decode("utf-8", "replace").strip()[-500:]
        if _NOT_EXECUTABLE.search(message):
            return _not_executable(message)
        return HostError(
            f"{self._runtime.kind} could not {what}: {printable(message)}",
            hint="`jettison doctor` checks what this host offers",
        )


def _not_started(done: Completed) -> ExecResult:
    message = done.message
    if not _NOT_EXECUTABLE.search(message):
        raise ApplicationError(
            f"cannot run a command in the container: {printable(message)}",
            hint="the application may have ended",
        )
    found = "not found" in message or "no such file" in message.lower()
    return ExecResult(127 if found else 126, b"", f"{message}\n".encode())


def _finish(child: ChildProcess, output: Output, deadline: float) -> ExecResult:
    status = child.wait(deadline - time.monotonic())
    timed_out = status is None
    if timed_out:
        child.signal(signal.SIGKILL)
        status = child.wait(None)
    output.finish(_LAST_OUTPUT_S)
    code = 0 if status is None else status if status >= 0 else 128 - status
    return ExecResult(code, output.stdout, output.stderr, timed_out, output.dropped)


def _not_executable(message: str) -> ApplicationError:
    return ApplicationError(
        f"the application's program cannot be executed: {printable(message)}",
        hint="check ENTRYPOINT and CMD: the program, its interpreter and its libraries must be in the image",
    )
