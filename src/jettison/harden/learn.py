"""Everything about a running service that operators need to know, learned from two more runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from msgspec import structs

from jettison.harden.life import zombies
from jettison.harden.life.load import Load, Stopped
from jettison.harden.life.starting import stops_while_starting
from jettison.harden.live import Live, live
from jettison.harden.logs import logs_of
from jettison.harden.model import Life, Operations
from jettison.harden.operations.ask import ask
from jettison.layers.tree import FileTree
from jettison.limits import STOP_TIMEOUT_S
from jettison.observe.evidence import Evidence, Lifecycle
from jettison.sandbox.journal import Journal
from jettison.slim.baseline import Baseline
from jettison.verify.replay import Observation
from jettison.workload.endpoint import Endpoint
from jettison.workload.responses import Kind, Response
from jettison.workload.steps import HttpRequest


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What came of it."""

    operations: Operations
    life: Life
    needs: tuple[str, ...] = ()
    """Programs of the image that the health check executes; a minified image has to keep them."""
    notes: tuple[str, ...] = ()
    """What could not be found, and why."""


def learn(baseline: Baseline, evidence: Evidence, tree: FileTree, journal: Journal) -> Learned:
    """Run the application of `baseline` once to ask it about itself and to end it under load, and once to end
    it while it starts. A job that ends by itself is not run again.

    Raises ApplicationError when it does not start any more, HostError.
    """
    first = baseline.runs[0]
    if first.driven.batch:
        return _of_batch(first, evidence, tree)
    with live(baseline.scene, journal) as running:
        asked = ask(running, first.driven, evidence, tree)
        stormed = zombies.storm(running.box.pid)
        stopped = None if first.lifecycle.killed else _stopped_under_load(running, baseline)
        logs = logs_of(*running.box.tail(), evidence.writes, tree, running.upper)
    lifecycle = first.lifecycle
    ready = lifecycle.ready_seconds or 0.0
    starting = stops_while_starting(baseline.scene, ready, _normal_stop(lifecycle), journal)
    return Learned(
        operations=structs.replace(asked.operations, logs=logs),
        life=_life(lifecycle, stormed, stopped, starting),
        needs=asked.needs,
        notes=asked.notes,
    )


def _of_batch(run: Observation, evidence: Evidence, tree: FileTree) -> Learned:
    start = run.driven.responses[0]
    stdout, stderr = (
        b"" if content is None else (content.text or "").encode() for content in (start.stdout, start.stderr)
    )
    return Learned(
        operations=Operations(logs=logs_of(stdout, stderr, evidence.writes, tree)),
        life=Life(batch=True, stop_signal=run.lifecycle.stop_signal, exit_code=run.lifecycle.exit_code),
    )


def _life(
    lifecycle: Lifecycle, stormed: tuple[int, int] | None, stopped: Stopped | None, starting: bool
) -> Life:
    made, left = stormed or (None, 0)
    return Life(
        batch=False,
        start_seconds=lifecycle.ready_seconds,
        stop_signal=lifecycle.stop_signal,
        stop_seconds=lifecycle.stop_seconds,
        exit_code=lifecycle.exit_code,
        killed=lifecycle.killed,
        stops_while_starting=starting,
        in_flight=None if stopped is None else stopped.in_flight,
        in_flight_lost=0 if stopped is None else stopped.lost,
        zombies_made=made,
        zombies_left=left,
    )


def _normal_stop(lifecycle: Lifecycle) -> float:
    """Seconds that it takes to stop; of one that was killed, none: it is not waited for twice."""
    return 0.0 if lifecycle.killed else min(lifecycle.stop_seconds or 0.0, STOP_TIMEOUT_S)


def _stopped_under_load(running: Live, baseline: Baseline) -> Stopped | None:
    """What the stop signal does to requests that are under way; None when there is none to make."""
    found = _slowest(running.web, baseline)
    if found is None or running.box.poll() is not None:
        return None
    request, seconds = found
    endpoint = next((e for e in running.web if request.port in (None, e.port)), running.web[0])
    load = Load(endpoint, request, timeout=10 * seconds + STOP_TIMEOUT_S)
    load.start(running.inside)
    try:
        return load.interrupt(running.box, running.scene.spec.stop_signal)
    finally:
        load.join()


def _slowest(web: Iterable[Endpoint], baseline: Baseline) -> tuple[HttpRequest, float] | None:
    """The GET of the workload that takes longest, and its seconds: of two runs the shorter, since the first
    request of a run may pay for what all need."""
    ports = {None, *(endpoint.port for endpoint in web)}
    times: dict[HttpRequest, float] = {}
    for run in baseline.runs:
        http = [response for response in run.driven.responses if response.kind is Kind.HTTP]
        for request, response in zip(run.driven.requests, http, strict=False):
            if request.method == "GET" and request.port in ports and _good(response):
                times[request] = min(times.get(request, response.seconds), response.seconds)
    return max(times.items(), key=lambda item: item[1], default=None) if len(ports) > 1 else None


def _good(response: Response) -> bool:
    return response.status is not None and response.status < 400 and not response.error
