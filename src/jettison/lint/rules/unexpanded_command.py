"""VAR111 unexpanded-command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._variables import EXPANDING
from jettison.lint.syntax import Instruction


class UnexpandedCommand(Rule):
    """Flags `$(command)` outside of a shell.

    ## What it does
    Looks for `$(…)` in ENV, ARG, LABEL, WORKDIR, COPY, USER, EXPOSE and the like. Silent where the value is
    handed to a program that runs it (a variable whose name ends with `CMD`, `COMMAND`, `OPTS`, `FLAGS`).

    ## Why is this bad?
    The builder replaces variables but runs no commands: the variable holds the text `$(date)`.

    ## Example
    ```dockerfile
    ENV BUILT_AT=$(date)
    ```

    ## Use instead
    ```dockerfile
    ARG BUILT_AT
    ENV BUILT_AT=$BUILT_AT
    ```

    ## When to ignore
    When a program is meant to run the text.

    ## Sources
    - Dockerfile reference, "Environment replacement"
    """

    code = "VAR111"
    name = "unexpanded-command"
    severity = Severity.ERROR
    keywords = EXPANDING

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """A command that nobody runs."""
        if node.heredocs or "$(" not in node.line.text:
            return
        for match in _COMMAND.finditer(node.arguments.text):
            if not _RUN_LATER.search(node.arguments.text[: match.start()]):
                span = node.arguments.span(match.start(), match.end())
                yield self.at(span, f"{node.keyword} runs no command: this is put in as it stands")


_COMMAND: Final = re.compile(r"(?<!\\)\$\([^()]*\)")
_RUN_LATER: Final = re.compile(
    r"(?:CMD|COMMAND|OPTS|OPTIONS|FLAGS|PS1|PROMPT|ARGS)\w*[= ][^=]*\Z", re.IGNORECASE
)
