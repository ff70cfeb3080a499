"""SYN102 unknown-instruction."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Final

from jettison.lint.fix import Applicability, Fix, Scope, replace
from jettison.lint.parser import KEYWORDS
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.source import Span
from jettison.lint.syntax import Instruction


class UnknownInstruction(Rule):
    """Flags a line that starts with something other than an instruction.

    ## What it does
    Compares the first word of every instruction with those that BuildKit has. A misspelt one is named; a
    line that starts as the rest of a command (`&& make`, `-o file`) is told from it.

    ## Why is this bad?
    The build stops there. Mostly it is a slip of the pen, or a `\\` is missing at the end of the line
    above.

    ## Example
    ```dockerfile
    WORKDIRR /srv
    ```

    ## Use instead
    ```dockerfile
    WORKDIR /srv
    ```

    ## When to ignore
    For templates that become a Dockerfile only when a program has filled them in, and for frontends with
    instructions of their own (`# syntax=` of another project).

    ## Fix safety
    Unsafe: the most similar instruction may not be the one that was meant.

    ## Sources
    - hadolint DL1000, slim ID.20007
    - BuildKit, `frontend/dockerfile/instructions`
    """

    code = "SYN102"
    name = "unknown-instruction"
    severity = Severity.ERROR
    aliases = ("DL1000", "ID.20007")
    fixable = Applicability.UNSAFE

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """A keyword that BuildKit does not have; of several lines in a row the first."""
        if not _is_unknown(node):
            return
        if node.index > 0 and _is_unknown(context.dockerfile.instructions[node.index - 1]):
            return
        if node.keyword.startswith(_OPERATORS):
            message = f"`{node.keyword}` is no instruction: the line above ends without a `\\`"
            yield self.at(node.keyword_span, message, fix=_continue(node, context))
            return
        close = difflib.get_close_matches(node.keyword, KEYWORDS, n=1, cutoff=0.7)
        hint = f"; did you mean `{close[0]}`?" if close else ""
        edit = tuple(replace(node.keyword_span, word) for word in close)
        fix = Fix(f"write {close[0]}", edit, Applicability.UNSAFE, Scope.CONFIG) if close else None
        yield self.at(node.keyword_span, f"`{node.keyword}` is no instruction{hint}", fix=fix)


_OPERATORS: Final = ("&&", "||", "|", ";", "-")
"""What the rest of a command starts with."""


def _is_unknown(node: Instruction) -> bool:
    return node.keyword not in KEYWORDS


def _continue(node: Instruction, context: Context) -> Fix | None:
    """Join the line to the RUN above."""
    above = context.dockerfile.instructions[node.index - 1] if node.index > 0 else None
    if above is None or above.keyword != "RUN" or above.heredocs or above.json:
        return None
    gap = Span(above.span.end, node.span.start)
    if context.source.slice(gap).strip():
        return None
    text = f" {context.dockerfile.escape}{context.source.newline}    "
    return Fix("join it to the line above", (replace(gap, text),), Applicability.UNSAFE, Scope.CONFIG)
