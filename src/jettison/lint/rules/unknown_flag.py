"""SYN105 unknown-flag."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Final

from jettison.lint.fix import Applicability, Fix, Scope, replace
from jettison.lint.parser import KEYWORDS
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.source import Span
from jettison.lint.syntax import Flag, Instruction


class UnknownFlag(Rule):
    """Flags `--options` that the instruction does not have.

    ## What it does
    Compares the flags of every instruction with those that BuildKit knows for it.

    ## Why is this bad?
    The build stops there.

    ## Example
    ```dockerfile
    COPY --chwon=app:app . /srv/
    ```

    ## Use instead
    ```dockerfile
    COPY --chown=app:app . /srv/
    ```

    ## When to ignore
    With a frontend that has flags of its own (`# syntax=` of another project); the rule is silent there.

    ## Fix safety
    Unsafe: the most similar flag may not be the one that was meant.

    ## Sources
    - BuildKit, `frontend/dockerfile/instructions`; Dockerfile reference
    """

    code = "SYN105"
    name = "unknown-flag"
    severity = Severity.ERROR
    fixable = Applicability.UNSAFE

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Flags beyond the table; unknown instructions have rules of their own."""
        syntax = context.dockerfile.directive("syntax")
        if node.keyword not in KEYWORDS or (syntax is not None and "docker/dockerfile" not in syntax.value):
            return
        known = _FLAGS.get(node.keyword, frozenset())
        for flag in node.flags:
            if flag.name not in known:
                close = difflib.get_close_matches(flag.name, known, n=1, cutoff=0.6)
                hint = f"; did you mean `--{close[0]}`?" if close else ""
                message = f"{node.keyword} has no `--{flag.name}`{hint}"
                yield self.at(flag.span, message, fix=_fix(flag, close[0]) if close else None)


_FLAGS: Final = {
    "ADD": frozenset({"chown", "chmod", "link", "keep-git-dir", "checksum", "exclude", "unpack"}),
    "COPY": frozenset({"from", "chown", "chmod", "link", "parents", "exclude"}),
    "FROM": frozenset({"platform"}),
    "HEALTHCHECK": frozenset({"interval", "timeout", "start-period", "start-interval", "retries"}),
    "RUN": frozenset({"mount", "network", "security", "device"}),
}


def _fix(flag: Flag, name: str) -> Fix:
    start = flag.span.start + len("--")
    edit = replace(Span(start, start + len(flag.name)), name)
    return Fix(f"write --{name}", (edit,), Applicability.UNSAFE, Scope.CONFIG)
