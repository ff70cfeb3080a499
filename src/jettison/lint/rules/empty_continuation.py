"""SYN107 empty-continuation."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.fix import Applicability, Fix, Scope, delete
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.source import Span
from jettison.lint.syntax import Instruction


class EmptyContinuation(Rule):
    """Flags blank lines inside an instruction.

    ## What it does
    Looks for blank lines between a line that ends with `\\` and the rest of its instruction.

    ## Why is this bad?
    The builder skips them, a reader takes them for the end. BuildKit means to refuse them.

    ## Example
    ```dockerfile
    RUN echo one \\

     && echo two
    ```

    ## Use instead
    ```dockerfile
    RUN echo one \\
     && echo two
    ```

    ## When to ignore
    Never; the fix is free.

    ## Fix safety
    Safe: blank lines are removed, the instruction stays the same.

    ## Sources
    - BuildKit NoEmptyContinuation; moby/moby#33719
    """

    code = "SYN107"
    name = "empty-continuation"
    severity = Severity.WARNING
    aliases = ("NoEmptyContinuation", "NoEmptyContinuations")
    fixable = Applicability.SAFE

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """One finding for each run of blank lines."""
        for span in _runs(node.empty_continuations):
            if span.end >= node.span.end:
                continue  # the instruction has already ended
            fix = Fix("remove the blank lines", (delete(span),), scope=Scope.SPELLING)
            yield self.at(Span(span.start, span.start), "a blank line inside an instruction", fix=fix)


def _runs(spans: tuple[Span, ...]) -> list[Span]:
    """Spans that touch each other as one."""
    found: list[Span] = []
    for span in spans:
        if found and found[-1].end == span.start:
            found[-1] = Span(found[-1].start, span.end)
        else:
            found.append(span)
    return found
