"""SYN112 late-directive."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.rule import Context, Finding, Rule, Severity


class LateDirective(Rule):
    """Flags `# syntax=` and `# escape=` that stand too late.

    ## What it does
    Looks for comments that have the form of a parser directive and stand behind another comment, a blank
    line or an instruction.

    ## Why is this bad?
    Directives are read at the very top only; there they are comments and do nothing. Without its
    `# syntax=` line the file is read by whichever version of the frontend the builder brings, without its
    `# escape=` line a Windows path swallows the next instruction.

    ## Example
    ```dockerfile
    # The application server
    # syntax=docker/dockerfile:1
    FROM debian:12.5
    ```

    ## Use instead
    ```dockerfile
    # syntax=docker/dockerfile:1
    # The application server
    FROM debian:12.5
    ```

    ## When to ignore
    When it is meant as a comment.

    ## Sources
    - Dockerfile reference, "Parser directives"
    """

    code = "SYN112"
    name = "late-directive"
    severity = Severity.WARNING

    def file(self, context: Context) -> Iterator[Finding]:
        """Comments that would be directives at the top."""
        known = {item.span for item in context.dockerfile.directives}
        for comment in context.dockerfile.comments:
            match = _DIRECTIVE.match(comment.text)
            if match and comment.span not in known and not comment.inside:
                message = f"`# {match[1]}=` works at the very top of the file only; this is a mere comment"
                yield self.at(comment.span, message)


_DIRECTIVE: Final = re.compile(r"(syntax|escape)\s*=\s*(?:\S*/\S+|\\|`)\s*\Z", re.IGNORECASE)
