"""Drives one run of an application through the workload, and takes down what it answers.

Nothing that the application does raises: a start that failed, a refused connection, a command that ended with
1 are responses like others, so that a candidate's failures are differences. `judge` says whether an original
is fit to be compared with.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from jettison.layers.path import printable
from jettison.limits import RUN_TEXT_BYTES
from jettison.observe.arguments import masked
from jettison.observe.evidence import Phase
from jettison.workload import web
from jettison.workload.client import Answer, fetch
from jettison.workload.commands import Outcome, host_environment, run_healthcheck, run_inside, run_on_host
from jettison.workload.endpoint import Endpoint
from jettison.workload.inside import Inside
from jettison.workload.outputs import written
from jettison.workload.ready import Ready, wait_ready
from jettison.workload.responses import Content, Kind, Response, content_of
from jettison.workload.steps import HttpRequest, Workload
from jettison.workload.target import Target

Mark = Callable[[Phase, str], None]
_RETRY_PAUSE_S = 0.1
_MAX_NAME = 120


@dataclass(frozen=True)
class Driven:
    """One run of the workload."""

    responses: tuple[Response, ...]
    """In the order of the steps; the names of steps are unique."""
    ready_seconds: float | None = None
    """From the call of `drive` to the first answer; None for a batch job and for a failed start."""
    endpoints: tuple[Endpoint, ...] = ()
    """Where it listens, best first."""
    requests: tuple[HttpRequest, ...] = ()
    """Every HTTP request that was made, in order, for `Workload.replaying`."""
    batch: bool = False
    """It did its work and ended by itself."""

    @property
    def unexercised(self) -> bool:
        """It started, and nothing was asked of it: what it needs to serve was not seen."""
        return not self.batch and len(self.responses) == 1

    @property
    def steps(self) -> tuple[str, ...]:
        """The names of the steps."""
        return tuple(response.step for response in self.responses)


def drive(workload: Workload, target: Target, mark: Mark) -> Driven:
    """Drive `target`, just started, through `workload`; `mark` is called before every step.

    Raises HostError when this host does not let us into the container's network namespace, UsageError for an
    OpenAPI document that cannot be read.
    """
    with Inside(target.netns) as inside:
        return _Drive(workload, target, mark, inside).run()


@dataclass
class _Drive:
    workload: Workload
    target: Target
    mark: Mark
    inside: Inside
    responses: list[Response] = field(default_factory=list)
    requests: list[HttpRequest] = field(default_factory=list)
    cookies: dict[str, str] = field(default_factory=dict)
    names: Counter[str] = field(default_factory=Counter)
    text_size: int = 0

    def run(self) -> Driven:
        """All steps, in the order that `Workload` documents."""
        step = self._begin(Phase.START, "start")
        begun = time.time()
        ready = wait_ready(self.workload, self.target, self.inside)
        batch = ready.exit is not None and ready.exit.code == 0 and not ready.listened
        start = self._started(step, ready, begun, batch=batch)
        self.responses.append(start)
        if not start.failed:
            self._healthcheck()
            self._http([endpoint for endpoint in ready.endpoints if endpoint.scheme.web])
            self._commands(next(iter(ready.endpoints), None))
        gone = "" if batch or start.failed else self._gone()
        if gone:
            self.responses.append(Response(step="end", kind=Kind.START, at=time.time(), error=gone))
        return Driven(
            responses=tuple(self.responses),
            ready_seconds=None if batch or start.failed else ready.seconds,
            endpoints=ready.endpoints,
            requests=tuple(self.requests),
            batch=batch,
        )

    def _begin(self, phase: Phase, name: str) -> str:
        """Mark the step `name`, numbered if there was one of this name before."""
        self.names[name] += 1
        step = name if self.names[name] == 1 else f"{name} ({self.names[name]})"
        self.mark(phase, step)
        return step

    def _started(self, step: str, ready: Ready, begun: float, *, batch: bool) -> Response:
        error = ready.error
        if ready.exit is not None and not batch:
            error = f"ended with exit code {ready.exit.code} before it was ready"
        stdout, stderr = self.target.tail() if batch or error else (None, None)
        return Response(
            step=step,
            kind=Kind.BATCH if batch else Kind.START,
            at=begun,
            seconds=ready.seconds,
            exit_code=None if ready.exit is None else ready.exit.code,
            stdout=None if stdout is None else content_of(stdout),
            stderr=None if stderr is None else content_of(stderr),
            files=written(self.target.outputs) if batch else {},
            endpoints=tuple(sorted(map(str, ready.endpoints))),
            error=error,
        )

    def _healthcheck(self) -> None:
        check = self.workload.healthcheck
        if check is None or self._gone():
            return
        step = self._begin(Phase.EXEC, "healthcheck")
        begun = time.time()
        outcome = run_healthcheck(self.target, check, self.workload.shell)
        if outcome is not None:
            self._take(step, Kind.HEALTHCHECK, begun, outcome)

    def _http(self, endpoints: list[Endpoint]) -> None:
        plan = web.requests(self.workload, endpoints)
        request = next(plan, None)
        while request is not None:
            try:
                request = plan.send(self._request(endpoints, request))
            except StopIteration:
                return

    def _request(self, endpoints: list[Endpoint], request: HttpRequest) -> Answer:
        step = self._begin(Phase.SERVE, request.step)
        begun = time.time()
        answer = self._asked(endpoints, request)
        for name, value in answer.cookies.items():
            self.cookies.pop(name, None)
            if value is not None:
                self.cookies[name] = value
        self.requests.append(request)
        self.responses.append(
            Response(
                step=step,
                kind=Kind.HTTP,
                at=begun,
                seconds=time.time() - begun,
                status=answer.status,
                headers=dict(answer.headers),
                body=self._affordable(answer.body),
                error=answer.error,
            )
        )
        return answer

    def _affordable(self, body: Content | None) -> Content | None:
        """`body`, without its text when that is more than may still be kept of this run."""
        if body is None or body.text is None:
            return body
        if self.text_size + body.size > RUN_TEXT_BYTES:
            return body.without_text()
        self.text_size += body.size
        return body

    def _asked(self, endpoints: list[Endpoint], request: HttpRequest) -> Answer:
        if gone := self._gone():
            return Answer(error=gone)
        endpoint = next((e for e in endpoints if request.port in (None, e.port)), None)
        if endpoint is None:
            return Answer(error="nothing speaks HTTP there")
        for last in (False, True):
            answer = self.inside.call(
                fetch, endpoint, request, cookies=self.cookies, timeout=self.workload.http_timeout
            )
            # A server that recycles its workers drops a connection now and then; one that crashes does so
            # again.
            if answer.status is not None or last or request.method != "GET" or answer.error == "timed out":
                break
            time.sleep(_RETRY_PAUSE_S)
        return answer

    def _commands(self, endpoint: Endpoint | None) -> None:
        for number, command in enumerate(self.workload.exec, 1):
            step = self._begin(Phase.EXEC, f"exec {number}: {_shown(command)}")
            begun = time.time()
            gone = self._gone()
            outcome = _not_run(gone) if gone else run_inside(self.target, command, self.workload)
            self._take(step, Kind.EXEC, begun, outcome)
        env = host_environment(self.target, endpoint)
        for number, command in enumerate(self.workload.host_exec, 1):
            step = self._begin(Phase.SERVE, f"host-exec {number}: {_shown(command)}")
            begun = time.time()
            timeout, cancelled = self.workload.run_timeout, self.inside.cancelled
            outcome = self.inside.call(run_on_host, command, env, timeout=timeout, cancelled=cancelled)
            self._take(step, Kind.HOST_EXEC, begun, outcome)

    def _take(self, step: str, kind: Kind, begun: float, outcome: Outcome) -> None:
        self.responses.append(
            Response(
                step=step,
                kind=kind,
                at=begun,
                seconds=time.time() - begun,
                exit_code=outcome.exit_code,
                stdout=outcome.stdout,
                stderr=outcome.stderr,
                error=outcome.error,
            )
        )

    def _gone(self) -> str:
        """Why nothing inside can be asked any more, or an empty string."""
        ended = self.target.poll()
        return "" if ended is None else f"the application had ended with exit code {ended.code}"


def _shown(command: str) -> str:
    """`command` as it may stand in the name of a step: one line, not too long, no secrets."""
    line = masked([" ".join(command.split()).encode()])[0].decode(errors="replace")
    return printable(line if len(line) <= _MAX_NAME else line[: _MAX_NAME - 1] + "…")


def _not_run(why: str) -> Outcome:
    return Outcome(None, content_of(b""), content_of(b""), why)
