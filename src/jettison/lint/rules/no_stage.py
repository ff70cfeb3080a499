"""SYN103 no-stage."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.source import Span


class NoStage(Rule):
    """Flags a file without FROM.

    ## What it does
    Looks for files that hold no instruction at all, or none but ARG.

    ## Why is this bad?
    There is nothing to build: the builder stops at an empty file, and at one that never says FROM.

    ## Example
    ```dockerfile
    # syntax=docker/dockerfile:1
    ARG VERSION=3.12
    ```

    ## Use instead
    ```dockerfile
    # syntax=docker/dockerfile:1
    ARG VERSION=3.12
    FROM python:${VERSION}
    ```

    ## When to ignore
    For parts that a program puts together.

    ## Sources
    - slim ID.20001, ID.20002; BuildKit, `instructions.Parse`
    """

    code = "SYN103"
    name = "no-stage"
    severity = Severity.ERROR
    aliases = ("ID.20001", "ID.20002")

    def file(self, context: Context) -> Iterator[Finding]:
        """No FROM, and nothing that stands before it in error."""
        found = context.dockerfile.instructions
        if not found:
            yield self.at(Span(0, min(len(context.source.text), 1)), "the file holds no instruction")
        elif not context.build.stages and all(node.keyword == "ARG" for node in found):
            yield self.at(found[0].keyword_span, "the file has no FROM, so there is nothing to build")
