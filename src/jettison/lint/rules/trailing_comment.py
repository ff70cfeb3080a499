"""SYN110 trailing-comment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.fix import Applicability, Fix, Scope, delete, insert
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.source import Span
from jettison.lint.syntax import Instruction


class TrailingComment(Rule):
    """Flags a comment behind an instruction.

    ## What it does
    Looks for ` # …` at the end of instructions other than the shell form of RUN, CMD, ENTRYPOINT and
    HEALTHCHECK, whose shell knows comments.

    ## Why is this bad?
    In a Dockerfile only a whole line can be a comment. Behind an instruction `#` is an argument: USER gets
    a name with a `#` in it, COPY takes `#` for a file, ARG declares the words of the comment as variables,
    CMD turns from the exec into the shell form. Only some of it fails in the build.

    ## Example
    ```dockerfile
    WORKDIR /srv # where the application lives
    ```

    ## Use instead
    ```dockerfile
    # where the application lives
    WORKDIR /srv
    ```

    ## When to ignore
    When the `#` is meant.

    ## Fix safety
    Unsafe: the comment moves to a line of its own, so the instruction no longer gets it.

    ## Sources
    - Dockerfile reference, "Format": comments
    """

    code = "SYN110"
    name = "trailing-comment"
    severity = Severity.ERROR
    fixable = Applicability.UNSAFE

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """A `#` between blanks outside quotes."""
        if node.heredocs or (node.keyword in _SHELLS and not _LIST.match(node.arguments.text)):
            return
        text = node.arguments.text
        match = next((item for item in _COMMENT.finditer(text) if _unquoted(text[: item.start()])), None)
        if match is None:
            return
        span = node.arguments.span(match.start(), len(text))
        message = f"this is no comment but an argument of {node.keyword}"
        yield self.at(span, message, fix=_fix(node, span, context))


_SHELLS: Final = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK", "ONBUILD", "RUN"})
_LIST: Final = re.compile(r"(?:CMD\s+)?\[\s*\".*\]\s+#", re.DOTALL | re.IGNORECASE)
_COMMENT: Final = re.compile(r"(?<=\s)#+(?=\s|[^\W\d]|\Z)(?![0-9a-fA-F]{3,8}\b)")
"""`#` that begins a word, and is no colour."""


def _unquoted(before: str) -> bool:
    """Whether no quote is open."""
    return before.count('"') % 2 == 0 and before.count("'") % 2 == 0


def _fix(node: Instruction, span: Span, context: Context) -> Fix | None:
    """Put the comment on a line above; not if the instruction spans lines."""
    if "\n" in context.source.slice(node.span) or node.index < 0:
        return None
    line = context.source.starts[context.source.position(node.span.start).line - 1]
    indent = context.source.slice(Span(line, node.span.start))
    left = len(context.source.text[: span.start].rstrip(" \t"))
    comment = f"{context.source.slice(span)}{context.source.newline}{indent}"
    edits = (insert(node.span.start, comment), delete(Span(left, span.end)))
    return Fix("move it to a line of its own", edits, Applicability.UNSAFE, Scope.CONFIG)
