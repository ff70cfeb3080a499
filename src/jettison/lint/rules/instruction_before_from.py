"""STG101 instruction-before-from."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.parser import KEYWORDS
from jettison.lint.rule import Context, Finding, Rule, Severity


class InstructionBeforeFrom(Rule):
    """Flags instructions before the first FROM.

    ## What it does
    Reports everything but ARG that stands before the first FROM, or in a file without one.

    ## Why is this bad?
    There is no image yet that the instruction could change; the builder stops. Only ARG may stand there,
    for use in FROM.

    ## Example
    ```dockerfile
    LABEL team=web
    FROM debian:12.5
    ```

    ## Use instead
    ```dockerfile
    FROM debian:12.5
    LABEL team=web
    ```

    ## When to ignore
    For parts that a program puts together.

    ## Sources
    - hadolint DL3061, slim ID.20009
    - Dockerfile reference, FROM
    """

    code = "STG101"
    name = "instruction-before-from"
    severity = Severity.ERROR
    aliases = ("DL3061", "ID.20009")

    def file(self, context: Context) -> Iterator[Finding]:
        """Instructions that belong to no stage; words that are none have a rule of their own."""
        for node in context.build.head:
            if node.keyword in KEYWORDS and node.keyword != "ARG":
                yield self.at(node.keyword_span, f"{node.keyword} before FROM: there is no image to change")
