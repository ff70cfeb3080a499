"""The supervisor ends before its time: the application must not notice, and the trace must say so."""

import os
import signal
import time
from collections.abc import Callable

import pytest
from observed import ENOUGH, PROBE, Bench, until_busy

from jettison.observe.observer import Observer
from jettison.observe.record import Record
from jettison.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.integration


def killed_while_busy(box: Sandbox, observer: Observer) -> None:
    until_busy(box)
    os.kill(observer.pid, signal.SIGKILL)
    time.sleep(0.2)
    box.exec(ENOUGH, timeout=10)


def killed_at_once(box: Sandbox, observer: Observer) -> None:
    os.kill(observer.pid, signal.SIGKILL)
    box.exec(ENOUGH, timeout=10)


@pytest.mark.parametrize("during", [killed_while_busy, killed_at_once])
@pytest.mark.parametrize("attempt", range(3))
def test_callers_are_let_through_when_the_supervisor_is_killed(
    bench: Bench, during: Callable[[Sandbox, Observer], None], attempt: int
) -> None:
    seen = bench.watch(PROBE, "busy", during=during)
    assert seen.code == 0
    assert not seen.trace.complete
    assert seen.trace.reason == "the supervisor process was killed by signal 9"
    assert seen.trace.lookups == ()


def test_callers_are_let_through_when_the_supervisor_fails(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("as if there were a mistake")

    monkeypatch.setattr(Record, "lookup", fail)
    seen = bench.watch(PROBE, "folders")
    assert seen.code == 0
    assert seen.trace.reason == "ZeroDivisionError: as if there were a mistake"


def test_too_many_paths_are_let_through_and_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jettison.observe.record.MAX_EVENTS", 100)
    seen = bench.watch(PROBE, "forks", "300")
    assert seen.code == 0
    assert not seen.trace.complete
    assert "more different paths" in seen.trace.reason
    assert len(seen.trace.lookups) == 100


def test_a_run_that_is_given_up_leaves_no_process(bench: Bench) -> None:
    with bench.journal.temporary() as work:
        with Observer(work) as observer:
            supervisor = observer.pid
        assert not os.path.exists(f"/proc/{supervisor}")
        assert list(work.iterdir()) == []
