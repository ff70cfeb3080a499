"""VAR106 variable-of-same-instruction."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.fix import Applicability, Fix, Scope, replace
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._variables import uses
from jettison.lint.source import Span
from jettison.lint.syntax import Instruction, KeyValue, Pair


class VariableOfSameInstruction(Rule):
    """Flags ENV that uses a variable which the same ENV sets.

    ## What it does
    Looks for values that refer to a variable set further to the left in the same ENV, and that had no
    value, or another one, before.

    ## Why is this bad?
    All values of one instruction are worked out before any of them is set. The variable is still empty, or
    old.

    ## Example
    ```dockerfile
    ENV APP=/srv/app PATH=$PATH:$APP/bin
    ```

    ## Use instead
    ```dockerfile
    ENV APP=/srv/app
    ENV PATH=$PATH:$APP/bin
    ```

    ## When to ignore
    When the old value is meant.

    ## Fix safety
    Unsafe: ENV is split before the value, which then gets what was just set.

    ## Sources
    - hadolint DL3044
    - Dockerfile reference, "Environment replacement"
    """

    code = "VAR106"
    name = "variable-of-same-instruction"
    severity = Severity.ERROR
    aliases = ("DL3044",)
    fixable = Applicability.UNSAFE
    keywords = frozenset({"ENV"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """The first use of each variable that is set on its left; `PATH=…:$PATH` adds to itself."""
        if not isinstance(node, KeyValue):
            return
        before = context.build.state(node).env
        places = {pair.key.text: pair for pair in reversed(node.pairs)}
        seen: set[str] = set()
        for use in uses(node, context.build):
            setter = places.get(use.name)
            if setter is None or use.name in seen or use.span.start < setter.span.end:
                continue
            value = None if setter.value is None else context.build.expand(setter.value.text, node)
            if use.name in before and value is not None and before[use.name] == value:
                continue
            seen.add(use.name)
            message = f"the same ENV sets `{use.name}`, which does not count here yet"
            yield self.at(use.span, message, fix=_fix(node, use.span, context))


def _fix(node: KeyValue, use: Span, context: Context) -> Fix | None:
    """Begin a new ENV at the pair that holds the use."""
    index = next(place for place, pair in enumerate(node.pairs) if pair.span.covers(use))
    left: Pair = node.pairs[index - 1]
    gap = Span(left.span.end, node.pairs[index].span.start)
    if index == 0 or node.index < 0 or context.source.slice(gap).strip(f" \t\r\n{context.dockerfile.escape}"):
        return None
    text = f"{context.source.newline}{context.source.slice(node.keyword_span)} "
    return Fix("begin a new ENV", (replace(gap, text),), Applicability.UNSAFE, Scope.CONFIG)
