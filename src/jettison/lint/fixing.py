"""Applies fixes: as many as fit together, proven, until nothing is left to fix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from jettison.lint.build import Build
from jettison.lint.engine import lint, make_context
from jettison.lint.fix import Applicability, Edit, Fix, apply, conflict
from jettison.lint.parser import parse
from jettison.lint.proof import located, objection
from jettison.lint.rule import Context, Finding, Rule
from jettison.lint.source import Source

MAX_ROUNDS: Final = 12
"""Rounds of fixing one file; a fix that still wants to change something then is not idempotent."""


@dataclass
class Outcome:
    """What fixing did to one file."""

    before: Source
    source: Source
    """The text afterwards."""
    applied: list[Finding] = field(default_factory=list)
    refused: list[tuple[Finding, str]] = field(default_factory=list)
    """Fixes that were dropped, with the reason."""


def fix(
    context: Context,
    rules: Sequence[Rule],
    *,
    unsafe: bool = False,
    extra: Callable[[Context], Iterable[Finding]] = lambda _: (),
) -> Outcome:
    """Fix what can be fixed, also what `extra` finds (ShellCheck). Every round's text has been parsed and
    compared with the one before."""
    original = context.source
    outcome = Outcome(original, original)
    for _ in range(MAX_ROUNDS):
        wanted = _wanted(lint(context, rules=rules, extra=extra(context)).findings, outcome, unsafe=unsafe)
        accepted = _accept(context.build, wanted, outcome)
        if not accepted:
            break
        edits = [edit for finding in accepted for edit in _edits(finding)]
        text = apply(context.source.text, edits)
        outcome.applied.extend(accepted)
        outcome.source = Source(text)
        context = make_context(outcome.source, context.settings, path=context.path, folder=context.folder)
    else:
        outcome.refused.extend((finding, "its fixes do not come to rest") for finding in outcome.applied)
        outcome.source, outcome.applied = original, []
    return outcome


def _edits(finding: Finding) -> tuple[Edit, ...]:
    return finding.fix.edits if finding.fix is not None else ()


def _wanted(findings: list[Finding], outcome: Outcome, *, unsafe: bool) -> list[Finding]:
    """The findings whose fixes may be applied now: they do not touch each other, and were not refused
    before."""
    allowed = {Applicability.SAFE, Applicability.UNSAFE} if unsafe else {Applicability.SAFE}
    refused = {(finding.code, finding.message) for finding, _ in outcome.refused}
    chosen: list[Finding] = []
    edits: list[Edit] = []
    for finding in findings:
        if finding.fix is None or finding.fix.applicability not in allowed:
            continue
        if (finding.code, finding.message) in refused or conflict(finding.fix.edits, edits):
            continue
        chosen.append(finding)
        edits.extend(finding.fix.edits)
    return chosen


def _accept(build: Build, wanted: list[Finding], outcome: Outcome) -> list[Finding]:
    """Those fixes that are proven: all at once if possible, else one by one on top of those accepted."""
    if not wanted or _try(build, wanted) is None:
        return wanted
    accepted: list[Finding] = []
    for finding in wanted:
        reason = _try(build, [*accepted, finding])
        if reason is None:
            accepted.append(finding)
        else:
            outcome.refused.append((finding, reason))
    return accepted


def _try(build: Build, findings: list[Finding]) -> str | None:
    fixes: list[Fix] = [finding.fix for finding in findings if finding.fix is not None]
    text = apply(build.dockerfile.source.text, [edit for fix in fixes for edit in fix.edits])
    after = Build(parse(text), args=build.args)
    return objection(build, after, located(fixes))
