"""Children, their status, and the end of whole families."""

import os
import signal
import subprocess
import sys
import time

import pytest

from jettison.linux.process import (
    ChildProcess,
    children_in,
    kill_by_arguments,
    kill_session,
    pid_namespace,
    reap,
)


def fork(code: int | None) -> int:
    """A child that exits with `code`, or sleeps."""
    return os.posix_spawn(
        sys.executable,
        [
            sys.executable,
            "-S",
            "-c",
            "import time; time.sleep(60)" if code is None else f"raise SystemExit({code})",
        ],
        dict(os.environ),
    )


@pytest.mark.parametrize("code", [0, 1, 137, 255])
def test_an_exit_code_is_exact(code: int) -> None:
    child = ChildProcess(fork(code))
    assert child.wait(20) == code
    assert child.poll() == code
    child.end(0)


def test_a_signal_is_told_apart_from_the_code_that_shells_make_of_it() -> None:
    child = ChildProcess(fork(None))
    assert child.poll() is None
    assert child.wait(0.01) is None
    child.signal(signal.SIGKILL)
    assert child.wait(20) == -signal.SIGKILL
    child.end(0)


def test_the_number_is_kept_until_the_end() -> None:
    child = ChildProcess(fork(3))
    child.wait(20)
    assert os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT) is not None
    child.end(0)
    with pytest.raises(ChildProcessError):
        os.waitpid(child.pid, 0)


def test_the_end_kills_what_still_runs() -> None:
    child = ChildProcess(fork(None))
    child.end(20)
    with pytest.raises(ChildProcessError):
        os.waitpid(child.pid, 0)


def test_a_signal_to_a_process_that_has_ended_is_nothing() -> None:
    child = ChildProcess(fork(0))
    child.wait(20)
    child.signal(signal.SIGTERM)
    child.end(0)


def test_a_status_that_somebody_else_took_counts_as_killed() -> None:
    child = ChildProcess(fork(5))
    os.waitpid(child.pid, 0)
    assert child.wait(20) == -signal.SIGKILL
    child.end(0)


def test_a_process_that_is_gone_cannot_be_held() -> None:
    pid = fork(0)
    os.waitpid(pid, 0)
    with pytest.raises(ProcessLookupError):
        ChildProcess(pid)


def test_a_session_ends_with_its_descendants_in_other_sessions() -> None:
    script = "sleep 60 & (setsid sh -c 'sleep 61; true' & sleep 62); sleep 63"
    with subprocess.Popen(["sh", "-c", script], start_new_session=True) as leader:
        time.sleep(0.3)
        family = {leader.pid}
        for _ in range(4):
            family |= {int(pid) for parent in family for pid in direct_children(parent)}
        assert len(family) > 4
        kill_session(leader.pid)
        assert leader.wait(10) == -signal.SIGKILL
    deadline = time.monotonic() + 5
    while (alive := [pid for pid in family if is_alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert alive == []


def test_processes_are_found_by_consecutive_arguments() -> None:
    argv = [sys.executable, "-c", "import time; time.sleep(60)", "--root", "/jettison/test"]
    with subprocess.Popen(argv) as meant, subprocess.Popen([*argv[:4], "/jettison/test2"]) as other:
        time.sleep(0.2)
        kill_by_arguments(b"--root", b"/jettison/test")
        assert meant.wait(10) == -signal.SIGKILL
        assert other.poll() is None
        other.kill()


def test_only_ended_children_of_the_given_namespaces_are_reaped() -> None:
    child = ChildProcess(fork(9))
    child.wait(20)
    own = pid_namespace(os.getpid())
    assert child.pid in children_in({own})
    assert child.pid not in children_in({"pid:[1]"})
    reap({"pid:[1]", ""})
    assert child.pid in children_in({own})
    reap({own})
    assert child.pid not in children_in({own})
    child.end(0)


def direct_children(pid: int) -> list[str]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return file.read().split()
    except OSError:
        return []


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False
