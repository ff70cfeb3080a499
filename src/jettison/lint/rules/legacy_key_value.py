"""VAR101 legacy-key-value."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import expand
from jettison.lint.fix import Applicability, Fix, Scope, replace
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.source import Span
from jettison.lint.syntax import Instruction, KeyValue, Pair


class LegacyKeyValue(Rule):
    """Flags `ENV name value` and `LABEL name value`.

    ## What it does
    Looks for the old form of ENV and LABEL, with a blank between name and value.

    ## Why is this bad?
    The old form sets one variable to everything up to the end of the line, quotes and spaces included,
    while the form with `=` sets several. `ENV A=1 B=2` and `ENV A 1 B=2` look alike and mean different
    things. BuildKit warns about it and means to drop it.

    ## Example
    ```dockerfile
    ENV DIR /srv/app
    ```

    ## Use instead
    ```dockerfile
    ENV DIR=/srv/app
    ```

    ## When to ignore
    Never; the fix is free.

    ## Fix safety
    Safe: the value is quoted where it needs it, and the fix is only offered if both forms give the same
    value.

    ## Sources
    - BuildKit LegacyKeyValueFormat
    """

    code = "VAR101"
    name = "legacy-key-value"
    severity = Severity.STYLE
    aliases = ("LegacyKeyValueFormat",)
    fixable = Applicability.SAFE
    keywords = frozenset({"ENV", "LABEL"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Pairs in the old form."""
        if not isinstance(node, KeyValue):
            return
        for pair in node.pairs:
            if pair.legacy:
                message = f"`{node.keyword} name value` takes the whole line as one value; write `name=value`"
                yield self.at(pair.key.span, message, fix=_fix(pair, context))


def _fix(pair: Pair, context: Context) -> Fix | None:
    if pair.value is None:
        return None
    quoted = _quoted(pair.value.text, context.dockerfile.escape)
    if quoted is None:
        return None
    edits = [replace(Span(pair.key.span.end, pair.value.span.start), "=")]
    if quoted != pair.value.text:
        edits.append(replace(pair.value.span, quoted))
    return Fix("write name=value", tuple(edits), scope=Scope.SPELLING)


def _quoted(value: str, escape: str) -> str | None:
    """The value in the form that means the same behind `=`; None if there is none that is sure."""
    if not any(char in value for char in " \t'\"" + escape):
        return value
    if any(char in value for char in "'\"" + escape):
        return None if "$" in value or expand(value, {}, escape) is None else _plain(value, escape)
    return f'"{value}"'


def _plain(value: str, escape: str) -> str | None:
    plain = expand(value, {}, escape)
    if plain is None or "'" in plain or escape in plain:
        return None
    return f"'{plain}'"
