"""Watching one run: which paths, programs and sockets its processes use."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from jettison.errors import HostError
from jettison.limits import MAX_TRACE_BYTES
from jettison.linux import seccomp
from jettison.observe import calls, profile, shared, supervisor
from jettison.observe.evidence import Phase
from jettison.observe.guardian import Guardian
from jettison.observe.trace import Endpoint, Execution, Lookup, Report, Trace
from jettison.observe.tracepoints import Tracepoints

_PHASES: Final = tuple(Phase)
_SOCKET_NAME: Final = "seccomp.sock"
_MAX_SOCKET_PATH: Final = 107
"""sizeof(sun_path) without its NUL (unix(7))."""
_REPORT_TIMEOUT_S: Final = 60.0
_MAX_REPORT_BYTES: Final = 4 * MAX_TRACE_BYTES


@dataclass(frozen=True, slots=True)
class _Mark:
    phase: Phase
    step: str
    at: float


class Observer:
    """Observes the container that is started with its `seccomp` section, and whatever is executed in it
    later.

    A context manager: entering forks the supervisor process, leaving ends it. `workdir` is a private folder
    (mode 0700) of the run; its path must be short enough for a unix socket.

        with Observer(workdir) as observer:
            with sandbox(spec_with(observer.seccomp), ...):
                observer.mark(Phase.SERVE, "GET /")
                ...
            trace = observer.finish()

    HostError on entering: this kernel or machine cannot do it.
    """

    def __init__(self, workdir: Path) -> None:
        self._path = workdir / _SOCKET_NAME
        self._page = shared.new_page()
        self._marks: list[_Mark] = []
        self._child = 0
        self._resources = contextlib.ExitStack()

    @property
    def seccomp(self) -> dict[str, Any]:
        """The OCI `linux.seccomp` section for the container."""
        return profile.section(self._path)

    @property
    def pid(self) -> int:
        """The supervisor process."""
        return self._child

    def __enter__(self) -> Self:
        if not seccomp.available():
            raise HostError(
                "this kernel has no seccomp user notification",
                hint="Linux 5.9 or later is needed; see `jettison doctor`",
            )
        if len(os.fsencode(self._path)) > _MAX_SOCKET_PATH:
            raise HostError(
                f"{self._path} is too long a path for a unix socket", hint="set TMPDIR to a shorter path"
            )
        self._marks = [_Mark(Phase.START, "start", time.monotonic())]
        with contextlib.ExitStack() as resources:
            self._tracepoints = Tracepoints()
            resources.callback(self._tracepoints.close)
            self._start(resources)
            self._resources = resources.pop_all()
        return self

    def _start(self, resources: contextlib.ExitStack) -> None:
        server = resources.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        server.bind(str(self._path))
        resources.callback(self._path.unlink, missing_ok=True)
        self._path.chmod(0o600)
        server.listen()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        resources.enter_context(ours)
        with theirs:
            self._child = os.fork()
            if self._child == 0:
                supervisor.supervise(theirs, self._page, self._tracepoints)
        resources.callback(self._reap)
        self._control = ours
        self._guardian = Guardian(server, ours, self._page)
        self._guardian.start()
        resources.callback(self._guardian.close)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._resources.close()

    def _reap(self) -> None:
        """End the supervisor if it lives, and wait for it."""
        if self._child:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._child, 0)
            self._child = 0

    def mark(self, phase: Phase, step: str) -> None:
        """Everything that happens from now on belongs to this phase and workload step."""
        if (phase, step) == (self._marks[-1].phase, self._marks[-1].step):
            return
        self._marks.append(_Mark(phase, step, time.monotonic()))
        shared.write_mark(self._page, _PHASES.index(phase), len(self._marks) - 1)
        self._tracepoints.turn(_PHASES.index(phase))

    def finish(self) -> Trace:
        """End the observation and give what was seen; processes that still run are let through unseen.

        Call it when the container has ended, so that nothing is missing.
        """
        ended = time.monotonic()
        with contextlib.suppress(OSError):
            self._control.send(supervisor.FINISH)
        self._guardian.over.wait(_REPORT_TIMEOUT_S)
        report = self._report()
        reason = self._guardian.trouble or report.reason
        return Trace(
            lookups=tuple(self._lookup(report, *row) for row in report.lookups),
            executions=tuple(
                Execution(path, argv, _PHASES[phase], count) for path, argv, phase, count in report.executions
            ),
            sockets=tuple(
                Endpoint(direction, family, protocol, address, port, report.executables[number])
                for direction, family, protocol, address, port, number in report.sockets
            ),
            steps=tuple(mark.step for mark in self._marks),
            phases=self._durations(ended),
            events=report.events,
            complete=not reason,
            reason=reason,
            tally=self._tracepoints.tally(report.executables),
        )

    def _report(self) -> Report:
        """What the supervisor handed over; an empty report with a reason if it did not."""
        if self._guardian.report is None:
            self._guardian.trouble = self._guardian.trouble or f"the supervisor process {self._ending()}"
            return Report([], [], [], [], 0, "")
        with os.fdopen(self._guardian.report, "rb") as file:
            file.seek(0)
            return msgspec.msgpack.decode(file.read(_MAX_REPORT_BYTES), type=Report)

    def _ending(self) -> str:
        if not self._guardian.over.is_set():
            return f"did not answer within {_REPORT_TIMEOUT_S:.0f} s"
        _, status = os.waitpid(self._child, 0)
        self._child = 0
        code = os.waitstatus_to_exitcode(status)
        return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"

    def _lookup(
        self, report: Report, kind: int, path: bytes, root: bytes, executable: int, phase: int, mark: int
    ) -> Lookup:
        return Lookup(
            path=path,
            operation=calls.operation_of(kind),
            phase=_PHASES[phase],
            step=self._marks[mark].step,
            executable=report.executables[executable],
            root=root,
            follow=not kind & calls.NOFOLLOW,
            writes=calls.writes_of(kind),
        )

    def _durations(self, ended: float) -> dict[Phase, float]:
        spent: dict[Phase, float] = {}
        ends = [mark.at for mark in self._marks[1:]] + [ended]
        for mark, end in zip(self._marks, ends, strict=True):
            spent[mark.phase] = spent.get(mark.phase, 0.0) + end - mark.at
        return spent
