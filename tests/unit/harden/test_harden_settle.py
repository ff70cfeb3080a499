"""The search for the tightest settings, against an application whose needs are known."""

from dataclasses import dataclass, field

import pytest
from msgspec import structs

from jettison.errors import ApplicationError
from jettison.harden.bench import Attempt
from jettison.harden.model import (
    Capability,
    Decision,
    Medium,
    Number,
    RunAs,
    Settings,
    Storage,
    StorageKind,
)
from jettison.harden.settle import settle
from jettison.verify.compare import Difference

ROOT = RunAs(0, 0, "original")
OTHER = RunAs(65532, 65532, "nobody in particular")
FIRST = RunAs(33, 33, "it writes as this one")
ON = Decision(True, "wanted")
WANTED = Settings(
    seccomp=None,
    capabilities=(Capability("CAP_CHOWN", "used"),),
    no_new_privileges=ON,
    run_as=FIRST,
    read_only_root=ON,
    storage=(
        Storage(
            path="/data", kind=StorageKind.DATA, medium=Medium.VOLUME, because="", size_bytes=1, uid=5, gid=5
        ),
        Storage(
            path="/run",
            kind=StorageKind.RUNTIME,
            medium=Medium.TMPFS,
            because="",
            size_bytes=1,
            uid=0,
            gid=0,
        ),
    ),
    memory_bytes=None,
    memory_request_bytes=None,
    cpu_millis=None,
    pids=Number(1, ""),
    open_files=Number(1, ""),
    shm_bytes=Number(1, ""),
)


class Starved:
    out_of_memory = False
    trace = None


@dataclass
class FakeBench:
    """Passes when `needs` says so; counts the runs."""

    needs: object
    runs: list[Settings] = field(default_factory=list)

    def attempt(self, settings, *, observed=False):
        self.runs.append(settings)
        fine = self.needs(settings)
        found = () if fine else (Difference("GET /", "status", "200", "500"),)
        return Attempt(differences=found, seconds=1.0, run=Starved())


def settled(needs):
    bench = FakeBench(needs)
    settings, relaxed = settle(bench, WANTED, [FIRST, OTHER, ROOT], lambda _: WANTED.capabilities)
    return settings, relaxed, bench.runs


def test_an_application_that_bears_everything_takes_one_run():
    settings, relaxed, runs = settled(lambda _: True)
    assert len(runs) == 1
    assert relaxed == []
    assert settings.read_only_root.on
    assert {(each.uid, each.gid) for each in settings.storage} == {(33, 33)}


def test_a_failure_by_chance_costs_nothing():
    tries = iter([False, True])
    settings, relaxed, _ = settled(lambda _: next(tries))
    assert relaxed == []
    assert settings.run_as == FIRST


def test_only_what_fails_is_given_up():
    settings, relaxed, _ = settled(lambda s: s.run_as.root)
    assert [each.what for each in relaxed] == ["user"]
    assert settings.run_as == ROOT
    assert settings.read_only_root.on
    assert [each.name for each in settings.capabilities] == ["CAP_CHOWN"]
    assert {each.path: each.uid for each in settings.storage} == {"/data": 5, "/run": 0}
    assert relaxed[0].differences[0].what == "status"


def test_the_next_user_is_tried_before_root():
    settings, relaxed, _ = settled(lambda s: s.run_as.uid != 33)
    assert settings.run_as == OTHER
    assert [each.what for each in relaxed] == ["user"]


def test_a_missing_capability_is_found_alone():
    wants = {"CAP_CHOWN", "CAP_KILL"}
    settings, relaxed, _ = settled(lambda s: wants <= {each.name for each in s.capabilities})
    assert {each.name for each in settings.capabilities} == wants
    assert [each.what for each in relaxed] == ["capabilities"]


def test_folders_start_as_copies_before_the_root_becomes_writable():
    def needs(settings):
        run = next((each for each in settings.storage if each.path == "/run"), None)
        return not settings.read_only_root.on or (run is not None and run.seeded)

    settings, relaxed, _ = settled(needs)
    assert settings.read_only_root.on
    assert all(each.seeded for each in settings.storage)
    assert [each.what for each in relaxed] == ["read-only root"]


def test_two_needs_are_both_found():
    settings, relaxed, _ = settled(lambda s: s.run_as.root and not s.no_new_privileges.on)
    assert {each.what for each in relaxed} == {"user", "no new privileges"}
    assert settings.read_only_root.on


def test_an_application_that_fails_by_itself_is_an_error():
    with pytest.raises(ApplicationError, match="does not answer the same"):
        settled(lambda _: False)


def test_settings_are_values():
    assert structs.replace(WANTED) == WANTED
