"""Whether an application comes back on the data that its first run left."""

from __future__ import annotations

from collections.abc import Sequence

from jettison.errors import ApplicationError
from jettison.sandbox.journal import Journal
from jettison.verify.compare import Difference, compare
from jettison.verify.noise import learn
from jettison.verify.replay import Scene, replay
from jettison.workload.responses import Response

_LASTING = frozenset(("error", "exit code", "listens", "step", "status"))
"""What must be the same. Bodies may differ: a list has one entry more after a second POST."""


def restart(scene: Scene, journal: Journal, *, before: Sequence[Sequence[Response]] = ()) -> tuple[bool, str]:
    """Run `scene` twice on the same volumes (its spec says which) and compare: whether it started and
    answered again, and if not, the first thing that went wrong.

    `before` are answers of earlier runs on volumes of their own, which tell what varies by itself.
    """
    runs: list[Sequence[Response]] = []
    for number in ("first", "second"):
        try:
            runs.append(replay(scene, journal, observed=False).driven.responses)
        except ApplicationError as error:
            return False, f"the {number} run: {error}"
    worse = [each for each in compare(runs[0], runs[1], learn(runs[0], *before)) if _is_worse(each)]
    return not worse, _told(worse[0]) if worse else ""


def _is_worse(difference: Difference) -> bool:
    """Whether it speaks of failure. A request that makes something may be refused as already done (4xx) the
    second time."""
    if difference.what not in _LASTING:
        return False
    made = not (" GET " in difference.step or " HEAD " in difference.step)
    return not (difference.what == "status" and made and difference.candidate.startswith("4"))


def _told(difference: Difference) -> str:
    return (
        f"{difference.step}: {difference.what} {difference.original or 'none'} before the restart,"
        f" {difference.candidate or 'none'} after it"
    )
