"""Limits, and the search for the smallest memory limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_harden_settle import WANTED, Starved

from jettison.harden import resources
from jettison.harden.bench import Attempt
from jettison.harden.resources import MIB
from jettison.observe.evidence import Evidence, ImageIdentity, Resources
from jettison.verify.compare import Difference


class Needs:
    """An application that works from so many bytes on."""

    def __init__(self, needed, slow_below=0):
        self.needed, self.slow_below, self.runs = needed, slow_below, 0

    def attempt(self, settings, *, observed=False):
        self.runs += 1
        limit = settings.memory_bytes.value
        found = () if limit >= self.needed else (Difference("start", "error", "", "killed"),)
        return Attempt(differences=found, seconds=60.0 if limit < self.slow_below else 1.0, run=Starved())


@given(needed=st.integers(MIB, 2000 * MIB), above=st.floats(1.0, 20.0))
def test_what_is_reserved_is_never_below_what_works_and_close_to_it(needed, above):
    bench = Needs(needed)
    smallest = resources.smallest_memory(bench, WANTED, [int(needed * above)], 1.0)
    assert smallest is not None
    request = resources.request(smallest).value
    assert request >= needed
    assert resources.limit(smallest).value >= 2 * needed
    assert request <= max(1.25 * needed, needed + 4 * MIB, 8 * MIB)
    assert bench.runs <= 14


def test_a_run_that_crawls_does_not_count():
    bench = Needs(10 * MIB, slow_below=40 * MIB)
    smallest = resources.smallest_memory(bench, WANTED, [100 * MIB], 1.0)
    assert smallest.value >= 40 * MIB


def test_without_a_measured_peak_there_is_no_limit():
    assert resources.smallest_memory(Needs(1), WANTED, [0], 1.0) is None


@pytest.mark.parametrize(("peak", "expected"), [(1, 128), (100, 512), (5000, 32768)])
def test_processes_get_room_for_four_times_as_many(peak, expected):
    evidence = Evidence(image=ImageIdentity("x:1", "sha256:0", ""), resources=Resources(pids_peak=peak))
    assert resources.pids(evidence).value == expected


def test_what_could_not_be_counted_is_said():
    evidence = Evidence(image=ImageIdentity("x:1", "sha256:0", ""))
    assert "could not be counted" in resources.pids(evidence).because
    assert "could not be counted" in resources.open_files(evidence).because
    assert resources.cpu(evidence) is None
