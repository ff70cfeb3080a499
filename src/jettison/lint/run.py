"""Linting many files: settings per folder, one batch for ShellCheck, fixes."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jettison.lint.config import Settings
from jettison.lint.engine import Report, enabled, lint, make_context
from jettison.lint.files import Input
from jettison.lint.fixing import Outcome, fix
from jettison.lint.rule import Rule


@dataclass
class Result:
    """The outcome for all files."""

    reports: list[Report] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    """What fixing did, by path; only files that were fixed or where a fix was refused."""

    def failed(self) -> bool:
        """Whether a finding reaches the threshold of its file's settings."""
        return any(
            report.context.settings.fail_on is not None
            and any(finding.severity >= report.context.settings.fail_on for finding in report.findings)
            for report in self.reports
        )


def run(
    inputs: Iterable[Input],
    settings_for: Callable[[Input], Settings],
    *,
    fixing: bool = False,
    unsafe: bool = False,
) -> Result:
    """Lint (and fix in memory) all inputs; nothing is written."""
    result = Result()
    rules: dict[int, Sequence[Rule]] = {}
    for item in inputs:
        settings = settings_for(item)
        chosen = rules.setdefault(id(settings), enabled(settings))
        context = make_context(item.source, settings, path=item.path, folder=item.folder)
        if fixing:
            outcome = fix(context, chosen, unsafe=unsafe)
            if outcome.applied or outcome.refused:
                result.outcomes[item.path] = outcome
                context = make_context(outcome.source, settings, path=item.path, folder=item.folder)
        result.reports.append(lint(context, rules=chosen))
    return result


def diff(path: str, before: str, after: str) -> Iterator[str]:
    """A unified diff of one file, line by line."""
    return difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{path}", f"b/{path}"
    )


def write(path: Path, outcome: Outcome) -> None:
    """Replace a file by its fixed text, keeping its mode; the old text stays until the new one is
    complete."""
    temporary = path.with_name(f".{path.name}.jettison")
    with temporary.open("wb") as file:
        file.write(outcome.source.encode())
    temporary.chmod(path.stat().st_mode & 0o7777)
    temporary.replace(path)
