"""Whatever ends jettison, and whenever: nothing is left, at the latest after the next start."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sandbox_root import Place, reap_adopted, running, traces

from jettison.sandbox.records import Container

pytestmark = pytest.mark.integration

Left = Callable[[str], list[str]]
RUN = """
import signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from sandbox_root import Place
from jettison.sandbox.journal import Journal
from jettison.sandbox.spec import Mount

def stop(number, frame):
    raise SystemExit(128 + number)

signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGHUP, stop)
layer, work, state, data = map(Path, sys.argv[2:6])
with Journal(state) as journal:
    journal.sweep()
    print("begun", flush=True)
    mounts = (Mount(source=data, destination="/data"),)
    for _ in range(int(sys.argv[6])):
        with Place([layer], work, journal).run("sleep", sys.argv[7], mounts=mounts) as box:
            print("runs", flush=True)
            box.exec(["sh", "-c", "setsid sleep %s & touch /data/x" % sys.argv[7]], timeout=5)
            print("done", flush=True)
"""


@contextmanager
def another(place: Place, tmp_path: Path, rounds: int, mark: str) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that runs containers of `sleep MARK` in the same place."""
    data = tmp_path / "data"
    data.mkdir(exist_ok=True)
    folders = [Path(__file__).parent, place.layers[0], place.work, tmp_path / "state", data]
    command = [sys.executable, "-c", RUN, *map(str, folders), str(rounds), mark]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"begun\n"
        yield process


def children() -> set[int]:
    """Of this process."""
    lists = Path("/proc/self/task").glob("*/children")
    return {int(pid) for path in lists for pid in path.read_text().split()}


@pytest.fixture
def left(place: Place) -> Left:
    """A function that gives what stays of the runs of `sleep MARK` after a few sweeps: a child that was just
    being forked holds the lock a moment longer. Children from before the test serve the whole session."""
    before = children()

    def look(mark: str) -> list[str]:
        names = [record.id for record in place.journal.leftovers() if isinstance(record, Container)]
        for _ in range(20):
            place.journal.sweep()
            reap_adopted()
            adopted = [f"child {pid}" for pid in children() - before]
            if not (found := [*traces(place.work, names), *map(str, running(mark)), *adopted]):
                break
            time.sleep(0.05)
        return found

    return look


def test_a_kill_at_any_moment_is_cleaned_up_by_the_next_start(
    place: Place, tmp_path: Path, left: Left
) -> None:
    chance = random.Random(0)
    for turn in range(15):
        mark = f"7{os.getpid()}.{turn}"
        with another(place, tmp_path, 3, mark) as process:
            time.sleep(chance.uniform(0, 0.35))
            process.kill()
        assert left(mark) == []


def test_no_application_runs_on_when_jettison_was_killed(place: Place, tmp_path: Path, left: Left) -> None:
    mark = f"4{os.getpid()}"
    with another(place, tmp_path, 1000, mark) as process:
        assert process.stdout
        for _ in range(4):
            process.stdout.readline()
        process.kill()
        deadline = time.monotonic() + 5
        while any(running(mark)) and time.monotonic() < deadline:
            reap_adopted()
            time.sleep(0.01)
        assert running(mark) == []
    assert left(mark) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_process_leaves_nothing_itself(place: Place, tmp_path: Path, number: int) -> None:
    chance = random.Random(number)
    for turn in range(5):
        mark = f"8{os.getpid()}.{turn}"
        with another(place, tmp_path, 3, mark) as process:
            time.sleep(chance.uniform(0, 0.35))
            process.send_signal(number)
            process.communicate(timeout=30)
        assert process.returncode in (0, 128 + number, -number, 1)
        assert running(mark) == []
        assert place.journal.leftovers() == []
        assert traces(place.work, []) == []


def test_a_second_interrupt_does_not_stop_the_clean_up(place: Place, tmp_path: Path, left: Left) -> None:
    chance = random.Random(2)
    for turn in range(5):
        mark = f"9{os.getpid()}.{turn}"
        with another(place, tmp_path, 3, mark) as process:
            time.sleep(chance.uniform(0, 0.3))
            for _ in range(3):
                process.send_signal(signal.SIGINT)
                time.sleep(chance.uniform(0, 0.02))
            process.communicate(timeout=30)
        assert left(mark) == []


def test_two_processes_at_once_do_not_sweep_each_other(place: Place, tmp_path: Path, left: Left) -> None:
    mark = f"6{os.getpid()}"
    stop = threading.Event()

    def sweep() -> None:
        while not stop.is_set():
            place.journal.sweep()

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        with another(place, tmp_path, 4, mark) as first, another(place, tmp_path, 4, mark) as second:
            for process in (first, second):
                out, err = process.communicate(timeout=60)
                assert (process.returncode, out.count(b"done"), err) == (0, 4, b"")
    finally:
        stop.set()
        sweeper.join()
    assert left(mark) == []
