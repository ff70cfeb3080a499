"""SYN106 broken-exec-form."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.fix import Applicability, Fix, Scope, replace
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.source import Span
from jettison.lint.syntax import Healthcheck, Instruction


class BrokenExecForm(Rule):
    """Flags a list in brackets that is not JSON.

    ## What it does
    Looks for arguments that start with `[` and a quote but cannot be read as a JSON array: single or
    typographic quotes, a missing or a surplus comma, a single backslash.

    ## Why is this bad?
    What is not JSON is taken literally, and nobody says so. CMD hands `['server']` to a shell, which
    looks for a program called `[server]`; VOLUME makes a folder called `['/data']`.

    ## Example
    ```dockerfile
    CMD ['server', '--port', '80']
    ```

    ## Use instead
    ```dockerfile
    CMD ["server", "--port", "80"]
    ```

    ## When to ignore
    Never.

    ## Fix safety
    Safe: the same strings, written as JSON. None is offered if it is not clear where they end.

    ## Sources
    - slim ID.20013, dockerfilelint
    - Dockerfile reference, "Shell and exec form"
    """

    code = "SYN106"
    name = "broken-exec-form"
    severity = Severity.ERROR
    aliases = ("ID.20013",)
    fixable = Applicability.SAFE
    keywords = frozenset({"ADD", "CMD", "COPY", "ENTRYPOINT", "HEALTHCHECK", "RUN", "SHELL", "VOLUME"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Brackets and quotes without JSON."""
        if node.json or node.heredocs:
            return
        text, start = node.arguments.text, 0
        if isinstance(node, Healthcheck):
            start = re.match(r"\S*\s*", text).end()  # type: ignore[union-attr]  # matches the empty text too
        if not _LIKE.match(text, start):
            return
        span = node.arguments.span(start, len(text))
        message = "this list is not JSON, so it is taken literally, brackets and all"
        yield self.at(span, message, fix=_fix(text[start:], span, context))


_QUOTES: Final = "'\"\u2018\u2019\u201c\u201d"
_LIKE: Final = re.compile(rf"\[\s*[{_QUOTES}].*\]\s*(?:#.*)?\Z", re.DOTALL)
_ITEM: Final = re.compile(rf"[{_QUOTES}]([^{_QUOTES}]*)[{_QUOTES}]")
_LIST: Final = re.compile(rf"\[\s*{_ITEM.pattern}(?:\s*,\s*{_ITEM.pattern})*\s*,?\s*\]")


def _fix(text: str, span: Span, context: Context) -> Fix | None:
    if not _LIST.fullmatch(text) or context.source.slice(span) != text:
        return None
    strings = [match[1].replace("\\\\", "\\") for match in _ITEM.finditer(text)]
    edit = replace(span, json.dumps(strings, ensure_ascii=False))
    return Fix("write it as JSON", (edit,), scope=Scope.CONFIG)
