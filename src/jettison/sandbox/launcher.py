"""The calls of the OCI runtime that one container needs."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from jettison.errors import ApplicationError, HostError
from jettison.layers.path import printable
from jettison.linux.process import ChildProcess, children_in, kill_session, pid_namespace
from jettison.sandbox.cgroup import Cgroup
from jettison.sandbox.guard import Guard
from jettison.sandbox.oci import Completed, Runtime, call, last_message, message_in
from jettison.sandbox.output import Output
from jettison.sandbox.process import ExecResult
from jettison.sandbox.records import Container
from jettison.sandbox.space import MountSpace

_NOT_EXECUTABLE: Final = re.compile(r'executable|exec: "|chdir ')
"""What runtimes say when the container is fine and its program is not."""
_CRUN_EXEC: Final = "exec container process"
_RUNC_EXEC: Final = re.compile(
    rb"exec [^\n]+: (?:no such file or directory|exec format error|permission denied)\s*"
)
KILL_TIMEOUT_S: Final = 20.0
"""How long the kernel may take to end processes after SIGKILL."""
_LAST_OUTPUT_S: Final = 0.5
"""How long a command's output may stay open after it has ended (a background process that it left may hold
it)."""


_MAIN: Final = "main"


class Launcher:
    """One container, by the runtime's command line."""

    def __init__(self, runtime: Runtime, space: MountSpace, folder: Path) -> None:
        self.id = f"jettison-{secrets.token_hex(8)}"
        self._runtime = runtime
        self._space = space
        self._folder = folder
        self._numbers = itertools.count(1)
        self._main: ChildProcess | None = None
        self._guard: Guard | None = None
        self._held: set[int] = set()
        """Processes whose status somebody waits for."""

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
        done = self._call(_MAIN, output, "create", "--bundle", str(self._folder))
        if done.code:
            raise self._failure("set the container up", done, output)
        self._main = self._hold(_MAIN)
        self._guard = Guard(self._main.pid)
        return self._main

    def start(self) -> None:
        """Let the main process execute the application's program."""
        command = self._runtime.command(self._folder, self._log(_MAIN), "start", self.id)
        done = self._space.run(call, command, log=self._log(_MAIN))
        if done.code:
            raise self._failure("start the container", done, None)

    def exec(self, section: dict[str, Any], timeout: float) -> ExecResult:
        """Run the process that `section` (OCI `process`) describes, for at most `timeout` seconds."""
        deadline = time.monotonic() + timeout
        name = f"exec-{next(self._numbers)}"
        file = self._folder / f"{name}.json"
        file.write_bytes(msgspec.json.encode(section))
        with _session_group(self.id, name) as group, closing(Output()) as output:
            options = ["--detach", "--process", str(file), *(["--cgroup", name] if group else [])]
            done = self._call(name, output, "exec", *options)
            if done.code:
                self._reap()
                return _not_started(done.message)
            child = self._hold(name)
            try:
                result = _finish(child, group, output, deadline)
            finally:
                child.end(KILL_TIMEOUT_S)
                self._held.discard(child.pid)
            message = last_message(self._log(name)) or message_in(result.stderr)
            refused = result.exit_code == 1 and message.startswith(_CRUN_EXEC)
            return _not_started(message) if refused else result

    def end(self) -> None:
        """Kill every process of the container: the kernel does that when the first one dies.

        A call of the runtime that is under way is waited for, because an interrupted caller does not
        interrupt it; what it has started although nobody came to hold it is killed too.
        """
        self._space.run(int)
        if self._main is None:
            self._kill_unheld()
            return
        self._main.signal(signal.SIGKILL)
        self._reap()
        if self._main.wait(KILL_TIMEOUT_S) is None:
            raise HostError(
                f"the kernel could not end container {self.id}", hint="it hangs in a device or a dead mount"
            )

    def release(self) -> None:
        """Let go of the main process, if there was one; it has ended."""
        if self._guard is not None:
            self._guard.close()
        if self._main is not None:
            self._main.end(0)

    def _kill_unheld(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            pid = int(self._pid_file(_MAIN).read_bytes())
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def check_executed(self, output: Output) -> None:
        """Raises ApplicationError if the main process ended because the kernel refused to execute the
        program."""
        output.finish(_LAST_OUTPUT_S)
        if output.stdout:
            return
        message = last_message(self._log(_MAIN)) or message_in(output.stderr)
        if message.startswith(_CRUN_EXEC):
            raise _not_executable(message.removeprefix(_CRUN_EXEC).strip())
        if _RUNC_EXEC.fullmatch(output.stderr):
            raise _not_executable(output.stderr.decode("utf-8", "replace").strip())

    def _reap(self) -> None:
        """Take the status of processes that a failed call of the runtime, or an interrupted `exec`, left to
        us.

        The first process of a PID namespace cannot end before the status of every other one was taken.
        """
        if self._main is None:
            return
        for pid in children_in({pid_namespace(self._main.pid)} - {""}) - self._held:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def _pid_file(self, name: str) -> Path:
        return self._folder / f"{name}.pid"

    def _call(self, name: str, output: Output, verb: str, *options: str) -> Completed:
        """Let the runtime start a process that prints to `output`."""
        log = self._log(name)
        arguments = (verb, *options, "--pid-file", str(self._pid_file(name)), self.id)
        command = self._runtime.command(self._folder, log, *arguments)
        stdout, stderr = output.writers
        done = self._space.run(call, command, log=log, stdout=stdout, stderr=stderr)
        output.start()
        return done

    def _hold(self, name: str) -> ChildProcess:
        child = ChildProcess(int(self._pid_file(name).read_bytes()))
        self._held.add(child.pid)
        return child

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


def _not_started(message: str) -> ExecResult:
    if not _NOT_EXECUTABLE.search(message):
        raise ApplicationError(
            f"cannot run a command in the container: {printable(message)}",
            hint="the application may have ended",
        )
    found = "not found" in message or "no such file" in message.lower()
    return ExecResult(127 if found else 126, b"", f"{message}\n".encode())


@contextmanager
def _session_group(container: str, name: str) -> Iterator[Cgroup]:
    """A control group for a command and whatever it starts; false where the container has none.

    A background process that the command leaves behind stays in it, and both end with the container.
    """
    Cgroup(container).make_inner(name)
    group = Cgroup(f"{container}/{name}")
    try:
        yield group
    finally:
        with contextlib.suppress(OSError):
            group.remove()


def _finish(child: ChildProcess, group: Cgroup, output: Output, deadline: float) -> ExecResult:
    status = child.wait(deadline - time.monotonic())
    timed_out = status is None
    if timed_out:
        if group:
            group.kill()
        else:
            kill_session(child.pid)
        status = child.wait(KILL_TIMEOUT_S)
    output.finish(_LAST_OUTPUT_S)
    code = 0 if status is None else status if status >= 0 else 128 - status
    return ExecResult(code, output.stdout, output.stderr, timed_out, output.dropped)


def _not_executable(message: str) -> ApplicationError:
    return ApplicationError(
        f"the application's program cannot be executed: {printable(message)}",
        hint="check ENTRYPOINT and CMD: the program, its interpreter and its libraries must be in the image",
    )
