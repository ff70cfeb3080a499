"""Commands on the host and inside, their outputs and their ends."""

import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from jettison.limits import OUTPUT_BYTES
from jettison.workload.commands import host_environment, run_healthcheck, run_inside, run_on_host
from jettison.workload.endpoint import Endpoint, Scheme
from jettison.workload.steps import Healthcheck, Workload


def on_host(command, *, env=None, timeout=10.0, cancelled=None):
    return run_on_host(
        command, env or dict(os.environ), timeout=timeout, cancelled=cancelled or threading.Event()
    )


def test_exit_code_and_both_outputs_are_kept():
    outcome = on_host("echo out; echo err >&2; exit 3")
    assert (outcome.exit_code, outcome.stdout.text, outcome.stderr.text, outcome.error) == (
        3,
        "out\n",
        "err\n",
        "",
    )


def test_a_command_that_a_signal_ended_has_the_exit_code_of_a_shell():
    assert on_host("kill -TERM $$").exit_code == 143


def test_bash_runs_it():
    assert on_host("[[ -n $BASH_VERSION ]]").exit_code == 0


def test_a_command_that_takes_too_long_is_killed_with_its_children():
    started = time.monotonic()
    outcome = on_host("sleep 30 & sleep 30", timeout=0.3)
    assert time.monotonic() - started < 3
    assert outcome.error == "not done after 0 s"
    assert outcome.exit_code == 137


def test_what_a_command_leaves_in_the_background_is_not_waited_for_and_killed(tmp_path):
    started = time.monotonic()
    outcome = on_host(f"sleep 30 & echo $! > {tmp_path}/pid; echo done")
    assert time.monotonic() - started < 3
    assert (outcome.exit_code, outcome.stdout.text, outcome.error) == (0, "done\n", "")
    pid = int((tmp_path / "pid").read_text())
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{pid}/cmdline").read_bytes() == b"":  # a zombie that init has not reaped yet
            return
        time.sleep(0.01)
    pytest.fail("it still runs")


def test_a_flood_of_output_is_cut_and_does_not_block():
    outcome = on_host("head -c 20000000 /dev/zero; echo end >&2")
    assert (outcome.exit_code, outcome.stdout.size, outcome.stdout.truncated) == (0, OUTPUT_BYTES, True)
    assert outcome.stderr.text == "end\n"


def test_cancelling_ends_a_command():
    cancelled = threading.Event()
    threading.Timer(0.2, cancelled.set).start()
    started = time.monotonic()
    assert on_host("sleep 30", cancelled=cancelled).error == "cancelled"
    assert time.monotonic() - started < 3


@dataclass(frozen=True)
class Result:
    exit_code: int
    stdout: bytes = b""
    stderr: bytes = b""
    timed_out: bool = False


@dataclass
class Container:
    """A target whose commands end as told, one after the other."""

    codes: list[int]
    ran: list[list[str]] = field(default_factory=list)
    id: str = "box"

    def poll(self):
        return None

    def exec(self, argv, *, timeout):
        self.ran.append(list(argv))
        return Result(self.codes.pop(0), timed_out=timeout < 0.5)


def test_a_command_inside_goes_through_the_shell_of_the_image_or_is_split_into_words():
    for shell, argv in ((("/bin/sh", "-c"), ["/bin/sh", "-c", "a 'b c'"]), (None, ["a", "b c"])):
        container = Container([0])
        run_inside(container, "a 'b c'", Workload(shell=shell))
        assert container.ran == [argv]


def test_a_command_inside_that_takes_too_long_says_so():
    assert run_inside(Container([137]), "x", Workload(run_timeout=0.1)).error == "not done after 0 s"


def test_a_healthcheck_is_tried_again_until_it_passes():
    container = Container([1, 0])
    outcome = run_healthcheck(container, Healthcheck(test=("CMD", "check", "it"), retries=3), None)
    assert outcome.exit_code == 0
    assert container.ran == [["check", "it"]] * 2


def test_a_healthcheck_for_the_shell_needs_one():
    check = Healthcheck(test=("CMD-SHELL", "curl -f localhost || exit 1"), retries=1)
    container = Container([1])
    assert run_healthcheck(container, check, ("/bin/sh", "-c")).exit_code == 1
    assert container.ran == [["/bin/sh", "-c", "curl -f localhost || exit 1"]]
    assert run_healthcheck(container, check, None) is None


@pytest.mark.parametrize("test", [("NONE",), (), ("CMD",)])
def test_no_healthcheck_is_no_step(test):
    assert run_healthcheck(Container([]), Healthcheck(test=test), ("/bin/sh", "-c")) is None


def test_a_host_command_is_told_where_the_application_is():
    env = host_environment(Container([]), Endpoint(port=3000, scheme=Scheme.HTTPS, address="::1"))
    told = {key: value for key, value in env.items() if key.startswith("JETTISON_")}
    assert told == {
        "JETTISON_CONTAINER": "box",
        "JETTISON_HOST": "::1",
        "JETTISON_PORT": "3000",
        "JETTISON_URL": "https://[::1]:3000",
    }
    assert host_environment(Container([]), None)["JETTISON_PORT"] == ""
