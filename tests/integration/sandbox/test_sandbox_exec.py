"""Further commands in a running container, as `docker exec` runs them."""

import re
import threading
import time
from collections.abc import Iterator

import pytest
from sandbox_root import Place

from jettison.errors import ApplicationError
from jettison.sandbox.process import ExecResult
from jettison.sandbox.sandbox import Sandbox
from jettison.sandbox.users import User

pytestmark = pytest.mark.integration


@pytest.fixture
def box(place: Place) -> Iterator[Sandbox]:
    env = {"PATH": "/usr/bin:/bin", "GREETING": "hello"}
    with place.run("sleep", "100", env=env, cwd="/srv", user=User(1000, 1000, (1234,), "/home/app")) as box:
        yield box


def processes(box: Sandbox) -> list[bytes]:
    """Commands in the container that have not ended."""
    out = box.exec(["sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"], timeout=10)
    return re.findall(rb"sleep \d+", out.stdout)


def test_a_command_gets_environment_user_and_folder_of_the_main_process(box: Sandbox) -> None:
    done = box.exec(["sh", "-c", "echo $GREETING $HOME; pwd; id -u; id -G; echo err >&2; exit 3"], timeout=10)
    assert done == ExecResult(3, b"hello /home/app\n/srv\n1000\n1000 1234\n", b"err\n")


def test_environment_and_folder_can_be_given(box: Sandbox) -> None:
    done = box.exec(["sh", "-c", "echo $GREETING $MORE; pwd"], env={"MORE": "1"}, cwd="/tmp", timeout=10)
    assert done.stdout == b"hello 1\n/tmp\n"


def test_a_signal_is_told_as_a_shell_tells_it(box: Sandbox) -> None:
    assert box.exec(["sh", "-c", "kill -9 $$"], timeout=10).exit_code == 137


@pytest.mark.parametrize(
    ("argv", "code"), [(["none"], 127), (["/none"], 127), (["/etc/passwd"], 126), (["/etc"], 126)]
)
def test_a_program_that_cannot_be_started_gives_126_or_127(box: Sandbox, argv: list[str], code: int) -> None:
    done = box.exec(argv, timeout=10)
    assert done.exit_code == code
    assert done.stderr


def test_the_time_of_a_command_is_limited_with_all_that_it_started(box: Sandbox) -> None:
    begin = time.monotonic()
    done = box.exec(["sh", "-c", "(setsid sh -c 'sleep 71 & sleep 72' &); echo begun; sleep 73"], timeout=0.5)
    assert done.timed_out
    assert done.exit_code == 137
    assert done.stdout == b"begun\n"
    assert time.monotonic() - begin < 5
    assert processes(box) == [b"sleep 100"]


def test_a_background_process_of_a_command_lives_on(box: Sandbox) -> None:
    assert box.exec(["sh", "-c", "sleep 61 & echo left"], timeout=10).stdout == b"left\n"
    assert processes(box) == [b"sleep 100", b"sleep 61"]


def test_output_is_bounded_and_counted(box: Sandbox) -> None:
    done = box.exec(["sh", "-c", "yes | head -c 20000000; echo end"], timeout=30)
    assert done.stdout.endswith(b"y\nend\n")
    assert len(done.stdout) + done.dropped[0] == 20_000_004


def test_commands_can_run_side_by_side(box: Sandbox) -> None:
    results: list[bytes] = []
    threads = [
        threading.Thread(target=lambda n=n: results.append(box.exec(["echo", str(n)], timeout=20).stdout))
        for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [f"{n}\n".encode() for n in range(6)]


def test_no_command_runs_in_a_container_that_has_ended(box: Sandbox) -> None:
    box.kill()
    with pytest.raises(ApplicationError, match="cannot run a command"):
        box.exec(["true"], timeout=10)


def test_failed_commands_do_not_keep_the_container_from_ending(place: Place) -> None:
    with place.run("sh", "-c", "trap 'exit 5' TERM; while :; do sleep 0.05; done") as box:
        for argv in (["none"], ["/etc/passwd"], ["sh", "-c", "kill -9 $$"]):
            box.exec(argv, timeout=10)
        stopped = box.stop()
        assert (stopped.exit.code, stopped.killed) == (5, False)
        assert stopped.seconds < 5


def test_the_command_is_accounted_to_the_container(box: Sandbox) -> None:
    before = box.usage().cpu_seconds
    box.exec(["sh", "-c", "yes | head -c 50000000 > /dev/null"], timeout=30)
    after = box.usage().cpu_seconds
    assert before is not None
    assert after is not None
    assert after > before + 0.005
