"""Ignore comments, in our own form and in those of the tools that people come from.

- `# jettison: ignore RULE[, RULE] reason`: the instruction below; inside an instruction, the line below
- `# jettison: ignore-file RULE[, …] reason`: the whole file
- `# hadolint ignore=DL3008,SC2086`: the instruction below (several such lines add up)
- `# hadolint global ignore=DL3008`: the whole file
- `# check=skip=A,B`, `# check=skip=all`: as a directive the whole file, above an instruction that one
- `# checkov:skip=CKV_DOCKER_2:reason`: the whole file
- `# trivy:ignore:DS-0002`: the instruction below, or above the first FROM the whole file
- `# shellcheck disable=SC2086,SC2046`, `=all`: the instruction below; inside an instruction, the line below
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from jettison.lint.rule import Finding
from jettison.lint.rules import resolve
from jettison.lint.source import Span
from jettison.lint.syntax import Comment, Dockerfile, Instruction

_JETTISON: Final = re.compile(
    r"jettison:\s*ignore(?P<file>-file)?\s+(?P<names>[\w.-]+(?:\s*,\s*[\w.-]+)*)(?P<reason>.*)", re.I
)
_HADOLINT: Final = re.compile(
    r"hadolint\s+(?P<scope>global|stage)?\s*ignore\s*=\s*(?P<names>[\w-]+(?:\s*,\s*[\w-]+)*)", re.I
)
_CHECK: Final = re.compile(r"check\s*=\s*(?P<parts>\S+)", re.I)
_CHECKOV: Final = re.compile(r"(?:checkov|bridgecrew):skip=(?P<names>[\w,-]+)", re.I)
_TRIVY: Final = re.compile(r"(?:trivy|tfsec):ignore:(?P<names>[\w-]+)", re.I)
_SHELLCHECK: Final = re.compile(r"shellcheck\s(?:.*\s)?disable=(?P<names>\w+(?:,\w+)*)", re.I)
_ALL_SHELLCHECK: Final = "SC"
"""The name of an ignore that takes away all that ShellCheck says."""


@dataclass(slots=True)
class Ignore:
    """One name in an ignore comment: where it works and whether anything needed it."""

    name: str
    span: Span
    """The place of the name in the comment."""
    comment: Comment | None
    scope: Span | None
    """The offsets of the findings that it takes away; None for the whole file."""
    reason: str = ""
    own: bool = False
    """Whether it is in our own form, which asks for a reason."""
    used: bool = False
    codes: frozenset[str] = field(default=frozenset())

    def covers(self, finding: Finding) -> bool:
        """Whether it takes a finding away."""
        if not self._names(finding.code):
            return False
        return self.scope is None or self.scope.start <= finding.span.start <= self.scope.end

    def _names(self, code: str) -> bool:
        if self.name == _ALL_SHELLCHECK:
            return code[:2] == "SC" and code[2:].isdecimal()
        return self.name.lower() == "all" or code in self.codes


def ignores(tree: Dockerfile) -> list[Ignore]:
    """All ignore comments of a file."""
    found: list[Ignore] = []
    for comment in tree.comments:
        if any(word in comment.text for word in ("ignore", "skip", "disable")):
            found.extend(_read(comment, tree))
    for ignore in found:
        known = {rule.code for rule in resolve(ignore.name)}
        ignore.codes = frozenset(known | {ignore.name.upper()})
    return found


def _read(comment: Comment, tree: Dockerfile) -> Iterator[Ignore]:
    text = comment.text
    if match := _JETTISON.match(text):
        scope = None if match["file"] else _scope(comment, tree)
        yield from _each(match["names"], comment, tree, scope, match["reason"].strip(" -—:"), own=True)
    elif match := _HADOLINT.match(text):
        scope = None if match["scope"] else _scope(comment, tree)
        yield from _each(match["names"], comment, tree, scope)
    elif match := _CHECK.match(text):
        is_directive = any(comment.span == directive.span for directive in tree.directives)
        for part in match["parts"].split(";"):
            key, _, names = part.partition("=")
            if key.strip() == "skip":
                yield from _each(names, comment, tree, None if is_directive else _scope(comment, tree))
    elif match := _CHECKOV.match(text):
        yield from _each(match["names"], comment, tree, None)
    elif match := _TRIVY.match(text):
        first = tree.instructions[0].span.start if tree.instructions else 0
        scope = None if comment.span.start < first else _scope(comment, tree)
        yield from _each(match["names"].removeprefix("AVD-"), comment, tree, scope)
    elif match := _SHELLCHECK.match(text):
        for ignore in _each(match["names"], comment, tree, _scope(comment, tree)):
            if ignore.name == "all":
                ignore.name = _ALL_SHELLCHECK
            yield ignore


def _each(
    names: str, comment: Comment, tree: Dockerfile, scope: Span | None, reason: str = "", *, own: bool = False
) -> Iterator[Ignore]:
    position = comment.span.start
    for name in names.split(","):
        stripped = name.strip()
        if not stripped:
            continue
        at = tree.source.text.find(stripped, position, comment.span.end)
        position = max(at, position) + len(stripped)
        yield Ignore(stripped, Span(position - len(stripped), position), comment, scope, reason, own)


def _scope(comment: Comment, tree: Dockerfile) -> Span:
    """Where a comment works: the next instruction, or inside one, the next line that is no comment."""
    if comment.inside:
        commented = {other.line for other in tree.comments}
        number = comment.line + 1
        while number in commented:
            number += 1
        return tree.source.line_span(min(number, len(tree.source.starts)))
    following = (node for node in tree.instructions if node.span.start > comment.span.end)
    node: Instruction | None = next(following, None)
    return node.span if node is not None else Span(comment.span.end, comment.span.end)


def sift(findings: list[Finding], found: list[Ignore]) -> tuple[list[Finding], list[Finding]]:
    """Findings that stay and that are taken away; marks the ignores that did it."""
    stay: list[Finding] = []
    gone: list[Finding] = []
    for finding in findings:
        hits = [ignore for ignore in found if ignore.covers(finding)]
        for ignore in hits:
            ignore.used = True
        (gone if hits else stay).append(finding)
    return stay, gone
