"""Whether an original works under the workload at all: what fails there cannot be verified."""

from __future__ import annotations

from jettison.errors import ApplicationError
from jettison.layers.path import printable
from jettison.workload.drive import Driven
from jettison.workload.responses import Content, Kind, Response

_TAIL_LINES = 12


def require_started(driven: Driven) -> None:
    """Raises ApplicationError when the application did not start, with the last lines of its output."""
    start = driven.responses[0]
    if not start.failed:
        return
    hint = "run it with `docker run` to see whether it needs --env, --mount, --user, --cmd or a network"
    if start.exit_code is None:
        hint = (
            "it listens on nothing, or answers too late: see --timeout; a worker without ports needs --exec"
        )
    message = f"the application did not become ready: {_why(start)}"
    raise ApplicationError(message, hint=hint, details=_tail(start))


def require_working(*runs: Driven) -> None:
    """Raises ApplicationError for the steps that failed in every one of `runs` of the original, and when no
    step of the workload was answered in all of them. What failed only sometimes is left to the noise, as
    unstable."""
    for run in runs:
        require_started(run)
    failed = [{r.step: r for r in run.responses if r.failed} for run in runs]
    always = [step for step in failed[0] if all(step in each for each in failed)]
    if always:
        raise ApplicationError(
            f"the original itself fails {_named(always)}",
            hint="mend the workload or what the application needs to run: --env, --mount, --network",
            details=tuple(line for step in always for line in _story(failed[0][step])),
        )
    steps = set(runs[0].steps[1:])
    if steps and all(any(step in each for each in failed) for step in steps):
        raise ApplicationError(
            "no step of the workload works twice in a row on the original",
            hint="verification needs steps that can be repeated on a fresh container",
            details=tuple(line for each in failed for response in each.values() for line in _story(response)),
        )


def _named(steps: list[str]) -> str:
    return f"the step {printable(steps[0])!r}" if len(steps) == 1 else f"{len(steps)} steps of the workload"


def _why(response: Response) -> str:
    return response.error or f"ended with exit code {response.exit_code}"


def _story(response: Response) -> tuple[str, ...]:
    return (f"{printable(response.step)}: {_why(response)}", *_tail(response))


def _tail(response: Response) -> tuple[str, ...]:
    """The last lines of what it printed, errors last."""
    lines = [line for content in (response.stdout, response.stderr) for line in _lines(content)]
    if response.kind is Kind.HTTP:
        lines = _lines(response.body)
    return tuple(lines[-_TAIL_LINES:])


def _lines(content: Content | None) -> list[str]:
    if content is None:
        return []
    if content.text is None:
        return [f"({content.size} bytes that are no text, or too long)"] if content.size else []
    return [printable(line) for line in content.text.splitlines()[-_TAIL_LINES:]]
