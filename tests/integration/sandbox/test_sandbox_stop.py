"""The end of a container: everything in it is dead, whatever it does."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox_root import Place

from jettison.errors import HostError
from jettison.sandbox.journal import Journal
from jettison.sandbox.process import Exit

pytestmark = pytest.mark.integration


def wait_for(place: Place, text: bytes, box: object) -> None:
    deadline = time.monotonic() + 10
    while text not in box.tail()[0]:  # type: ignore[attr-defined]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_application_that_ends_on_its_signal_is_not_killed(place: Place) -> None:
    script = "trap 'exit 3' QUIT; echo on; while :; do sleep 0.02; done"
    with place.run("sh", "-c", script, stop_signal=signal.SIGQUIT) as box:
        wait_for(place, b"on", box)
        stopped = box.stop()
    assert stopped.exit == Exit(3)
    assert not stopped.killed
    assert stopped.seconds < 5


def test_one_that_ignores_it_is_killed_after_the_grace(place: Place) -> None:
    with place.run("sh", "-c", "trap '' TERM; echo on; while :; do sleep 1; done") as box:
        wait_for(place, b"on", box)
        stopped = box.stop(signal.SIGTERM, 0.4)
    assert stopped.exit == Exit(137, signal.SIGKILL)
    assert stopped.killed
    assert 0.4 <= stopped.seconds < 5


def test_one_that_has_ended_is_stopped_at_once(place: Place) -> None:
    with place.run("sh", "-c", "exit 4") as box:
        box.wait(10)
        stopped = box.stop()
    assert (stopped.exit, stopped.killed) == (Exit(4), False)
    assert stopped.seconds < 1


@pytest.mark.parametrize(
    "script",
    [
        "(setsid sh -c 'trap \"\" TERM HUP; sleep 300' &) ; (setsid sleep 301 &); echo on; sleep 302",
        "sh -c 'kill -STOP $$' & echo on; sleep 300",
        "kill -STOP $$; echo on; sleep 300",
        "trap '' TERM INT HUP QUIT; echo on; while :; do sleep 1 & wait; done",
        "echo on; exec 1>&- 2>&-; sleep 300",
    ],
    ids=["daemons", "stopped child", "stopped itself", "ignores", "closes output"],
)
def test_daemons_stopped_and_stubborn_processes_are_all_dead(place: Place, script: str) -> None:
    with place.run("sh", "-c", script) as box:
        wait_for(place, b"on", box)
        namespace = os.readlink(f"/proc/{box.pid}/ns/pid")
    assert in_namespace(namespace) == []


def test_the_end_of_the_main_process_ends_its_daemons(place: Place) -> None:
    with place.run("sh", "-c", "(setsid sleep 300 &); (setsid sleep 301 &); sleep 0.3; exit 7") as box:
        namespace = os.readlink(f"/proc/{box.pid}/ns/pid")
        assert box.wait(10) == Exit(7)
        assert in_namespace(namespace) == []


def test_a_fork_bomb_ends_at_the_limit_and_with_the_container(place: Place) -> None:
    script = "f() { f | f & }; f; echo on; sleep 2; exit 0"
    with place.run("sh", "-c", script, pids=150) as box:
        namespace = os.readlink(f"/proc/{box.pid}/ns/pid")
        wait_for(place, b"on", box)
        time.sleep(0.5)
        assert len(in_namespace(namespace)) <= 150
        begin = time.monotonic()
        box.kill()
        assert time.monotonic() - begin < 5
    assert in_namespace(namespace) == []


def test_a_flood_is_bounded_and_does_not_disturb_the_end(place: Place) -> None:
    with place.run("sh", "-c", "yes 0123456789 & yes >&2") as box:
        time.sleep(1)
        stopped = box.stop(signal.SIGTERM, 0.2)
        assert stopped.seconds < 3
        dropped = box.output.dropped
    assert min(dropped) > 10_000_000
    assert len(box.output.stdout) <= 4 * 1024 * 1024


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system that is nearly full."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=20", "none", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_the_hosts_fault(place: Place, small: Path) -> None:
    full = Place(place.layers, small, place.journal)
    with pytest.raises(HostError, match=r"(?i)no space left"), full.run("true", cwd="/a/b/c/d/e/f/g/h"):
        pass
    assert os.listdir(small) == []


@pytest.mark.parametrize("free", range(0, 3000, 150))
def test_a_journal_that_cannot_be_written_stops_before_anything_is_done(small: Path, free: int) -> None:
    subprocess.run(["mount", "-o", "remount,nr_inodes=400", str(small)], check=True)
    with Journal(small / "state") as journal:
        (small / "ballast").write_bytes(b"x" * (50_000 - free))
        with pytest.raises(HostError, match=r"(?i)no space left"), contextlib.ExitStack() as stack:
            list(map(stack.enter_context, (journal.temporary(small / "work") for _ in range(300))))
    assert list((small / "work").glob("*")) == []
    assert os.listdir(small / "state/journal") == []


def in_namespace(namespace: str) -> list[str]:
    """Processes of a PID namespace that have not ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/ns/pid"):
        try:
            if os.readlink(path) == namespace and (path.parents[1] / "cmdline").read_bytes():
                found.append(path.parts[2])
        except OSError:
            continue
    return found


def test_a_frozen_application_stands_still_takes_its_signal_later_and_goes_on(place: Place) -> None:
    """Nothing is printed meanwhile, and a signal sent meanwhile ends it once it goes on."""
    script = "trap 'echo off; exit 3' TERM; echo on; while :; do echo .; sleep 0.005; done"
    with place.run("sh", "-c", script) as box:
        wait_for(place, b"on", box)
        with box.frozen() as still:
            time.sleep(0.1)  # what was in the pipe is read
            before = box.tail()[0]
            box.signal(signal.SIGTERM)
            ended = box.wait(0.3)
            moved = box.tail()[0] != before or ended is not None
        assert box.wait(10) == Exit(3)
        box.output.finish(5)
        assert moved is not still
        assert b"off" in box.tail()[0].removeprefix(before)
        assert b"off" not in before
