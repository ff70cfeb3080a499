"""Whether an original is fit to be compared with."""

import pytest

from jettison.errors import ApplicationError
from jettison.workload.drive import Driven
from jettison.workload.judge import require_started, require_working
from jettison.workload.responses import Kind, Response, content_of

START = Response(step="start", kind=Kind.START)


def http(step, status=200, error=""):
    return Response(step=step, kind=Kind.HTTP, status=None if error else status, error=error)


def command(step, code, output=b""):
    return Response(
        step=step, kind=Kind.HOST_EXEC, exit_code=code, stdout=content_of(output), stderr=content_of(b"")
    )


def test_a_failed_start_is_the_fault_of_the_application_with_its_last_lines():
    output = content_of(b"".join(b"line %d\n" % n for n in range(50)) + b"\x1b[31mbad config\x1b[0m\n")
    start = Response(
        step="start", kind=Kind.START, exit_code=1, error="ended with exit code 1", stderr=output
    )
    with pytest.raises(ApplicationError) as raised:
        require_started(Driven((start,)))
    assert str(raised.value) == "the application did not become ready: ended with exit code 1"
    assert raised.value.details[-1] == "\\x1b[31mbad config\\x1b[0m"
    assert len(raised.value.details) == 12
    assert "docker run" in raised.value.hint


def test_an_application_that_never_listens_is_told_of_the_timeout():
    start = Response(step="start", kind=Kind.START, error="nothing listens after 60 s")
    with pytest.raises(ApplicationError) as raised:
        require_started(Driven((start,)))
    assert "--timeout" in raised.value.hint


def test_a_batch_job_and_any_http_status_work():
    require_working(Driven((Response(step="start", kind=Kind.BATCH, exit_code=0),)), Driven((START,)))
    run = Driven((START, http("http GET /", 404), http("http GET /x", 500)))
    require_working(run, run)


def test_a_step_that_fails_in_every_run_is_the_fault_of_the_original():
    run = Driven((START, http("http GET /"), command("host-exec 1: t", 1, b"expected 3, got 4\n")))
    with pytest.raises(ApplicationError) as raised:
        require_working(run, run)
    assert str(raised.value) == "the original itself fails the step 'host-exec 1: t'"
    assert raised.value.details == ("host-exec 1: t: ended with exit code 1", "expected 3, got 4")


def test_several_steps_that_fail_are_counted_and_told():
    run = Driven((START, http("a", error="timed out"), http("b", error="connection refused")))
    with pytest.raises(ApplicationError, match="2 steps") as raised:
        require_working(run, run)
    assert raised.value.details == ("a: timed out", "b: connection refused")


def test_a_step_that_fails_once_is_left_to_the_noise():
    require_working(
        Driven((START, http("a"), command("b", 0))),
        Driven((START, http("a", error="timed out"), command("b", 0))),
    )


def test_an_original_of_which_nothing_works_twice_cannot_be_compared_with():
    with pytest.raises(ApplicationError, match="twice in a row"):
        require_working(
            Driven((START, http("a"), http("b", error="timed out"))),
            Driven((START, http("a", error="timed out"), http("b"))),
        )
