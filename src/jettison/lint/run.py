"""Linting many files: settings per folder, one batch for ShellCheck, fixes."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from jettison.lint.config import Settings
from jettison.lint.engine import Report, enabled, lint, make_context
from jettison.lint.files import Input
from jettison.lint.fixing import Outcome, fix
from jettison.lint.results import Results
from jettison.lint.rule import Context, Finding, Severity
from jettison.lint.shellcheck import ShellCheck, find_program
from jettison.lint.source import Source, Span

UNREADABLE: Final = "SYN001"
"""The code of our own finding that a file could not be linted."""
_TOO_DEEP: Final = "nested too deeply: commands in commands, or stages on stages"


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


@dataclass
class _Job:
    """One file on its way to its report."""

    context: Context
    problem: str = ""
    """Why it cannot be linted."""
    key: str | None = None
    """What its report is kept under."""
    report: Report | None = None


def run(
    inputs: Iterable[Input],
    settings_for: Callable[[Input], Settings],
    *,
    fixing: bool = False,
    unsafe: bool = False,
    results: Results | None = None,
) -> Result:
    """Lint (and fix in memory) all inputs; nothing is written. What `results` has is not computed again,
    except when fixing."""
    result = Result()
    jobs = [_job(item, settings_for(item), None if fixing else results) for item in inputs]
    todo = [job for job in jobs if job.report is None]
    for job in todo:
        _parse(job)
    if fixing:
        if unsafe:  # ShellCheck's fixes are all unsafe; one batch now spares a process for each file
            _shellcheck([job.context for job in todo])
        for job in todo:
            job.context = _fixed(job.context, result, unsafe=unsafe)
    for job, extra in zip(todo, _shellcheck([job.context for job in todo]), strict=True):
        job.report = _unreadable(job.context, job.problem) if job.problem else _linted(job.context, extra)
    if results is not None and todo:
        for job in todo:
            if job.key is not None and job.report is not None and not _is_unreadable(job.report):
                results.keep(job.key, job.report)
        results.save()
    result.reports.extend(job.report for job in jobs if job.report is not None)
    return result


def _job(item: Input, settings: Settings, results: Results | None) -> _Job:
    job = _Job(make_context(item.source, settings, path=item.path, folder=item.folder), item.problem)
    if results is not None and not job.problem:
        job.key = results.key(job.context, _checker_of(settings))
        job.report = None if job.key is None else results.recall(job.key, job.context)
    return job


def _checker_of(settings: Settings) -> str:
    """What stands for the ShellCheck that looks at a file; nothing if none does."""
    checker = _checker(bool(settings.shellcheck)) if _wants_shellcheck(settings) else None
    return "" if checker is None else checker.identity


def _parse(job: _Job) -> None:
    try:
        _ = job.context.build
    except RecursionError:
        job.problem = _TOO_DEEP
        old = job.context
        job.context = make_context(Source(""), old.settings, path=old.path, folder=old.folder)


def _linted(context: Context, extra: list[Finding]) -> Report:
    try:
        return lint(context, extra=extra)
    except RecursionError:
        return _unreadable(context, _TOO_DEEP)


def _fixed(context: Context, result: Result, *, unsafe: bool) -> Context:
    """The file after its fixes, which the result notes."""
    rules = enabled(context.settings)
    try:
        outcome = fix(context, rules, unsafe=unsafe, extra=_one if unsafe else lambda _: ())
    except RecursionError:  # linting it will say so
        return context
    if not outcome.applied and not outcome.refused:
        return context
    result.outcomes[context.path] = outcome
    return make_context(outcome.source, context.settings, path=context.path, folder=context.folder)


def _one(context: Context) -> list[Finding]:
    return _shellcheck([context])[0]


def _shellcheck(contexts: list[Context]) -> list[list[Finding]]:
    """What ShellCheck finds in each file; nothing where it is not wanted or not there."""
    found: list[list[Finding]] = [[] for _ in contexts]
    wanted = [index for index, context in enumerate(contexts) if _wants_shellcheck(context.settings)]
    required = any(contexts[index].settings.shellcheck for index in wanted)
    checker = _checker(required) if wanted else None
    if checker is not None:
        said = checker.findings([contexts[index] for index in wanted])
        for index, findings in zip(wanted, said, strict=True):
            found[index] = findings
    return found


def _wants_shellcheck(settings: Settings) -> bool:
    """Not with `select`, which names all that shall run, unless it is asked for as well."""
    return settings.select is None if settings.shellcheck is None else settings.shellcheck


@cache
def _checker(required: bool) -> ShellCheck | None:
    program = find_program(required=required)
    return None if program is None else ShellCheck(program)


def _unreadable(context: Context, problem: str) -> Report:
    """The report of a file that cannot be linted; the others still are."""
    finding = Finding(UNREADABLE, "unreadable-file", Severity.ERROR, Span(0, 0), f"the file is {problem}")
    return Report(context.path, context, [finding])


def _is_unreadable(report: Report) -> bool:
    return any(finding.code == UNREADABLE for finding in report.findings)


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
