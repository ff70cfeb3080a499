"""VAR104 undefined-argument-in-from."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from jettison.lint.build import PLATFORM_ARGS, PROXY_ARGS
from jettison.lint.fix import Applicability
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._variables import global_arguments, renamed, uses
from jettison.lint.syntax import Instruction, KeyValue


class UndefinedArgumentInFrom(Rule):
    """Flags a variable in FROM that no ARG before the first FROM declares.

    ## What it does
    Looks at the variables in the image and the platform of every FROM.

    ## Why is this bad?
    FROM sees only arguments that are declared before the first FROM; a build argument of that name does
    not reach it either. What is left of the image name is refused, or names another image.

    ## Example
    ```dockerfile
    ARG VERSION=3.12.4
    FROM python:${VERSON}
    ```

    ## Use instead
    ```dockerfile
    ARG VERSION=3.12.4
    FROM python:${VERSION}
    ```

    ## When to ignore
    Never.

    ## Fix safety
    Unsafe: the most similar argument may not be the one that was meant.

    ## Sources
    - BuildKit UndefinedArgInFrom
    """

    code = "VAR104"
    name = "undefined-argument-in-from"
    severity = Severity.ERROR
    aliases = ("UndefinedArgInFrom",)
    fixable = Applicability.UNSAFE
    keywords = frozenset({"FROM"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Variables that FROM cannot see."""
        known = global_arguments(context).keys()
        for use in uses(node, context.build):
            if use.name in known | PLATFORM_ARGS | PROXY_ARGS or use.has_default:
                continue
            close = difflib.get_close_matches(use.name, known | PLATFORM_ARGS, 1, 0.75)
            hint = f"; did you mean `{close[0]}`?" if close else _hint(use.name, context)
            fix = renamed(use, close[0], context) if close else None
            yield self.at(use.span, f"no ARG before the first FROM declares `{use.name}`{hint}", fix=fix)


def _hint(name: str, context: Context) -> str:
    for stage in context.build.stages:
        for node in stage.all("ARG"):
            if isinstance(node, KeyValue) and any(pair.key.text == name for pair in node.pairs):
                return f"; that in line {node.start_line} holds for its own stage only"
    return ""
