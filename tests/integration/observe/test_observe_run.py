"""A whole run: phases and steps, commands executed in it, many processes, signals."""

import os
import time

import pytest
from observed import ENOUGH, PROBE, Bench, until_busy

from jettison.observe.evidence import Operation, Phase
from jettison.observe.observer import Observer
from jettison.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.integration


def test_what_happens_belongs_to_the_step_that_was_marked_last(bench: Bench) -> None:
    def during(box: Sandbox, observer: Observer) -> None:
        for phase, step in ((Phase.SERVE, "first"), (Phase.SERVE, "second"), (Phase.STOP, "stop")):
            observer.mark(phase, step)
            box.exec([PROBE, "look", f"/{step}"], timeout=10)
        box.signal(9)

    seen = bench.watch(PROBE, "sleep", during=during)
    steps = {e.path: (e.phase, e.step) for e in seen.trace.lookups if e.path != b"/bin/probe"}
    assert steps == {
        b"/first": (Phase.EXEC, "first"),
        b"/second": (Phase.EXEC, "second"),
        b"/stop": (Phase.EXEC, "stop"),
    }
    assert seen.trace.steps == ("start", "first", "second", "stop")
    assert seen.trace.phases.keys() == {Phase.START, Phase.SERVE, Phase.STOP}


def test_the_same_look_up_is_noted_in_each_phase_once(bench: Bench) -> None:
    def during(box: Sandbox, observer: Observer) -> None:
        until_busy(box)
        observer.mark(Phase.SERVE, "a")
        time.sleep(0.2)
        observer.mark(Phase.SERVE, "b")
        time.sleep(0.2)
        box.exec(ENOUGH, timeout=10)

    seen = bench.watch(PROBE, "busy", during=during)
    assert seen.code == 0
    stats = [e for e in seen.trace.lookups if e.operation is Operation.STAT]
    found = [(e.phase, e.step) for e in stats if e.path == b"/tmp/enough"]
    assert sorted(found) == [(Phase.SERVE, "a"), (Phase.START, "start")]
    assert seen.trace.events > len(seen.trace.lookups)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_the_supervisor_does_not_wait_for_other_programs(bench: Bench) -> None:
    policies = []

    def during(box: Sandbox, observer: Observer) -> None:
        threads = os.listdir(f"/proc/{observer.pid}/task")
        policies.extend(os.sched_getscheduler(int(thread)) for thread in threads)
        box.signal(9)

    bench.watch(PROBE, "sleep", during=during)
    assert len(policies) == 2
    assert set(policies) == {os.SCHED_RR}


def test_five_thousand_processes_are_all_seen(bench: Bench) -> None:
    seen = bench.watch(PROBE, "forks", "5000")
    assert seen.trace.complete
    assert {b"/fork-%d" % number for number in range(5000)} <= seen.paths


def test_a_call_that_a_signal_interrupts_is_seen_all_the_same(bench: Bench) -> None:
    seen = bench.watch(PROBE, "interrupted")
    assert seen.code == 0
    assert seen.trace.complete
    assert {b"/interrupted-%d" % number for number in range(2000)} <= seen.paths
