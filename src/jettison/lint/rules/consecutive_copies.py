"""CCH111 consecutive-copies."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.fix import Applicability, Fix, Scope, replace
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.source import Span
from jettison.lint.syntax import Instruction, Transfer


class ConsecutiveCopies(Rule):
    """Flags two COPY in a row into one folder.

    ## What it does
    Looks in stages that ship for COPY instructions that follow each other, have the same flags, and put
    files into the same folder (written with `/` at its end).

    ## Why is this bad?
    Each is a layer; one COPY takes several sources. Nothing is lost for the cache, since nothing stands
    between the two.

    ## Example
    ```dockerfile
    COPY package.json /srv/
    COPY package-lock.json /srv/
    ```

    ## Use instead
    ```dockerfile
    COPY package.json package-lock.json /srv/
    ```

    ## When to ignore
    When one of them changes far more often and is large.

    ## Fix safety
    Safe: the same files end up in the same place, in one layer.

    ## Sources
    - KICS "Multiple RUN, ADD, COPY, Instructions Listed"; Dockerfile reference, COPY
    """

    code = "CCH111"
    name = "consecutive-copies"
    severity = Severity.STYLE
    fixable = Applicability.SAFE

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """Neighbours that say the same but for their sources."""
        if not stage.ships:
            return
        for first, second in zip(stage.instructions, stage.instructions[1:], strict=False):
            if _same(first, second):
                yield self.at(second.keyword_span, _MESSAGE, fix=_fix(first, second, context))


_MESSAGE = "a layer of its own for nothing: the COPY above can take these sources too"


def _same(first: Instruction, second: Instruction) -> bool:
    if not isinstance(first, Transfer) or not isinstance(second, Transfer) or first.json or second.json:
        return False
    if first.keyword != "COPY" or second.keyword != "COPY" or first.heredocs or second.heredocs:
        return False
    if first.destination is None or second.destination is None or not first.destination.text.endswith("/"):
        return False
    flags = [[flag.text for flag in node.flags] for node in (first, second)]
    return first.destination.text == second.destination.text and flags[0] == flags[1]


def _fix(first: Instruction, second: Instruction, context: Context) -> Fix | None:
    if not isinstance(first, Transfer) or not isinstance(second, Transfer) or first.destination is None:
        return None
    if context.source.slice(Span(first.span.end, second.span.start)).strip() or not second.sources:
        return None
    place = Span(first.destination.span.start, second.sources[0].span.start)
    return Fix("join the two COPY", (replace(place, ""),), Applicability.SAFE, Scope.CONFIG)
