"""Helpers for tests of rules, ours and other people's: `findings`, `fixed` and the examples of a rule's
documentation."""

from __future__ import annotations

import inspect
import re
from typing import Final

from jettison.lint.config import Settings
from jettison.lint.context import BuildContext
from jettison.lint.engine import lint, make_context
from jettison.lint.fixing import fix
from jettison.lint.rule import Finding, Rule
from jettison.lint.rules import all_rules
from jettison.lint.source import Source

_FENCE: Final = re.compile(r"```dockerfile\n(.*?)```", re.DOTALL)
SECTIONS: Final = ("What it does", "Why is this bad?", "Example", "Use instead", "When to ignore", "Sources")
"""Headings that the documentation of every rule has, in this order; `Fix safety` may stand before
`Sources`."""


def complete(text: str) -> str:
    """A Dockerfile: the text itself, or the text behind a FROM if it has none."""
    return text if re.search(r"^\s*(FROM|#\s*syntax)\b", text, re.M | re.I) else f"FROM debian:12.5\n{text}"


def findings(
    rule: type[Rule], text: str, *, settings: Settings | None = None, folder: BuildContext | None = None
) -> list[Finding]:
    """What one rule finds in a Dockerfile, in order. A rule about ignore comments sees what all rules
    find."""
    context = make_context(Source(text), settings or Settings(), folder=folder)
    rules = all_rules() if rule.ignores is not Rule.ignores else [rule()]
    return [finding for finding in lint(context, rules=rules).findings if finding.code == rule.code]


def marked(rule: type[Rule], text: str, *, settings: Settings | None = None) -> list[str]:
    """The pieces of text that the findings of one rule underline."""
    return [
        text[finding.span.start : finding.span.end] for finding in findings(rule, text, settings=settings)
    ]


def fixed(rule: type[Rule], text: str, *, unsafe: bool = False, settings: Settings | None = None) -> str:
    """The Dockerfile after the fixes of one rule. Fails if a fix was refused."""
    context = make_context(Source(text), settings or Settings())
    outcome = fix(context, [rule()], unsafe=unsafe)
    if outcome.refused:
        raise AssertionError(f"refused: {outcome.refused}")
    return outcome.source.text


def documentation(rule: type[Rule]) -> str:
    """The documentation of a rule, in Markdown."""
    return inspect.cleandoc(rule.__doc__ or "")


def section(rule: type[Rule], heading: str) -> str:
    """One section of a rule's documentation, or an empty string."""
    match = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", documentation(rule), re.M | re.S)
    return match[1].strip() if match else ""


def example(rule: type[Rule], heading: str) -> str | None:
    """The Dockerfile in the section `Example` or `Use instead`; None if there is none."""
    match = _FENCE.search(section(rule, heading))
    return complete(match[1]) if match else None
