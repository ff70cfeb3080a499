"""Folding of what was seen."""

import pytest

from jettison.observe import record
from jettison.observe.record import Record


def note(kept, path, *, kind=0, executable=0, phase=0, mark=0):
    kept.lookup(kind, path, b"", executable, phase, mark)


def test_equal_look_ups_are_one_with_the_first_mark():
    kept = Record()
    note(kept, b"/a", mark=3)
    note(kept, b"/a", mark=4)
    assert kept.report(2).lookups == [(0, b"/a", b"", 0, 0, 3)]


@pytest.mark.parametrize("other", [{"kind": 1}, {"executable": 1}, {"phase": 1}])
def test_another_meaning_program_or_phase_is_another_look_up(other):
    kept = Record()
    note(kept, b"/a")
    note(kept, b"/a", **other)
    assert len(kept.report(2).lookups) == 2


def test_number_and_bytes_of_look_ups_are_bounded_and_the_loss_is_told(monkeypatch):
    monkeypatch.setattr(record, "MAX_EVENTS", 2)
    kept = Record()
    for path in (b"/a", b"/b", b"/c", b"/a"):
        note(kept, path)
    assert len(kept.report(4).lookups) == 2
    assert "more different paths" in kept.reason
    monkeypatch.setattr(record, "MAX_TRACE_BYTES", 10)
    kept = Record()
    note(kept, b"/" + b"x" * 20)
    assert kept.report(1).lookups == []
    assert kept.reason


def test_command_lines_beyond_the_bound_are_counted_by_their_program(monkeypatch):
    monkeypatch.setattr(record, "MAX_EXECUTIONS", 1)
    kept = Record()
    for argv in ((b"a",), (b"b",), (b"c",), (b"a",)):
        kept.execution(b"/bin/x", argv, 0)
    assert kept.report(0).executions == [(b"/bin/x", (b"a",), 0, 2), (b"/bin/x", (), 0, 2)]


def test_the_first_reason_stays():
    kept = Record()
    kept.lose("first")
    kept.lose("second")
    assert kept.reason == "first"
