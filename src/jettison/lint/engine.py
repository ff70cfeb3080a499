"""Runs rules over files: dispatch, severities, ignore comments, order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from jettison.lint.config import Settings
from jettison.lint.packages import action, manager_of
from jettison.lint.rule import Context, Finding, Rule
from jettison.lint.source import Source
from jettison.lint.suppress import Ignore, ignores, sift

if TYPE_CHECKING:
    from jettison.lint.command import Command
    from jettison.lint.context import BuildContext


@dataclass
class Report:
    """The outcome for one file."""

    path: str
    context: Context
    findings: list[Finding]
    suppressed: list[Finding] = field(default_factory=list)

    @property
    def source(self) -> Source:
        """The text that was looked at."""
        return self.context.source


@dataclass(frozen=True)
class _Plan:
    """Rules by what they want to see."""

    file: tuple[Rule, ...]
    stage: tuple[Rule, ...]
    instruction: dict[str, tuple[Rule, ...]]
    command: dict[str, tuple[Rule, ...]]
    action: dict[str, tuple[Rule, ...]]


ANY = ""
"""The key of rules that want to see every instruction, command or action."""


def make_context(
    source: Source,
    settings: Settings,
    *,
    path: str = "Dockerfile",
    folder: BuildContext | None = None,
) -> Context:
    """What rules are given to look at for one file."""
    return Context(source=source, settings=settings, path=path, folder=folder)


def lint(context: Context, *, rules: Sequence[Rule] | None = None, extra: Iterable[Finding] = ()) -> Report:
    """Run rules (default: those that the settings enable) over one file.

    `extra` are findings from elsewhere (ShellCheck) that go through the same severities and ignores.
    """
    settings = context.settings
    chosen = enabled(settings) if rules is None else tuple(rules)
    own = list(run(context, chosen))
    findings = [*own, *_news(extra, own, chosen)]
    dropped = settings.ignored_in(context.path) | settings.ignored_shellcheck
    findings = [_with_severity(finding, settings) for finding in findings if finding.code not in dropped]
    found = ignores(context.dockerfile) if settings.inline_ignores else []
    stay, gone = sift(findings, found)
    stay += _about_ignores(found, context, chosen)
    stay.sort(key=lambda finding: (finding.span, finding.code, finding.message))
    return Report(context.path, context, stay, gone)


def _news(extra: Iterable[Finding], own: list[Finding], rules: Sequence[Rule]) -> Iterator[Finding]:
    """The findings of ShellCheck that no rule has at the same place."""
    same = {rule.code: rule.shellcheck for rule in rules if rule.shellcheck}
    told = [(finding.span, same[finding.code]) for finding in own if finding.code in same]
    for finding in extra:
        if not any(finding.code.startswith(codes) and span.overlaps(finding.span) for span, codes in told):
            yield finding


def enabled(settings: Settings) -> tuple[Rule, ...]:
    """The rules that settings turn on."""
    return settings.rules


def run(context: Context, rules: Sequence[Rule]) -> Iterator[Finding]:
    """The raw findings of rules, in no particular order, each once."""
    plan = _plan(tuple(rules))
    seen: set[tuple[str, object, str]] = set()
    for finding in _dispatch(context, plan):
        key = (finding.code, finding.span, finding.message)
        if key not in seen:
            seen.add(key)
            yield finding


def _dispatch(context: Context, plan: _Plan) -> Iterator[Finding]:
    build = context.build
    for rule in plan.file:
        yield from rule.file(context)
    for stage in build.stages:
        for rule in plan.stage:
            yield from rule.stage(stage, context)
    for node in build.nodes():
        for rule in (*plan.instruction.get(node.keyword, ()), *plan.instruction.get(ANY, ())):
            yield from rule.instruction(node, context)
        if node.keyword == "RUN":
            for command in build.commands(node):
                yield from _on_command(command, context, plan)


def _on_command(command: Command, context: Context, plan: _Plan) -> Iterator[Finding]:
    for rule in (*plan.command.get(command.name, ()), *plan.command.get(ANY, ())):
        yield from rule.command(command, context)
    manager = manager_of(command.name)
    if manager is None:
        return
    wanted = (*plan.action.get(manager.name, ()), *plan.action.get(ANY, ()))
    request = action(command) if wanted else None
    if request is not None:
        for rule in wanted:
            yield from rule.action(request, context)


@cache
def _plan(rules: tuple[Rule, ...]) -> _Plan:
    return _Plan(
        file=_overriding(rules, "file"),
        stage=_overriding(rules, "stage"),
        instruction=_table(_overriding(rules, "instruction"), "keywords"),
        command=_table(_overriding(rules, "command"), "programs"),
        action=_table(_overriding(rules, "action"), "managers"),
    )


def _overriding(rules: tuple[Rule, ...], method: str) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if getattr(type(rule), method) is not getattr(Rule, method))


def _table(rules: tuple[Rule, ...], attribute: str) -> dict[str, tuple[Rule, ...]]:
    table: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        for key in getattr(rule, attribute) or (ANY,):
            table[key].append(rule)
    return {key: tuple(found) for key, found in table.items()}


def _with_severity(finding: Finding, settings: Settings) -> Finding:
    wanted = settings.severities.get(finding.code)
    return finding if wanted is None else replace(finding, severity=wanted)


def _about_ignores(found: list[Ignore], context: Context, rules: Sequence[Rule]) -> Iterator[Finding]:
    """Findings about the ignore comments themselves, which run when it is known what was used."""
    ran = frozenset(rule.code for rule in rules)
    for rule in _overriding(tuple(rules), "ignores"):
        yield from rule.ignores(found, ran, context)
