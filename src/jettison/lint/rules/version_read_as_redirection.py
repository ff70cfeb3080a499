"""LNG127 version-read-as-redirection."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jettison.lint.command import Command, Redirect
from jettison.lint.fix import Applicability, Fix, replace
from jettison.lint.packages import Action
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.source import Span


class VersionReadAsRedirection(Rule):
    """Flags `pip install name>=1.0` without quotes: the shell writes to a file `=1.0`.

    ## What it does
    Looks for redirections that stand close behind the name of a package, and whose file looks like a version.

    ## Why is this bad?
    `>` is the shell's. The version is not asked for, any one is installed, and the output goes to a file
    called `=1.0` in the image.

    ## Example
    ```dockerfile
    FROM python:3.12.7-slim
    RUN pip install --no-cache-dir flask>=3.0
    ```

    ## Use instead
    ```dockerfile
    FROM python:3.12.7-slim
    RUN pip install --no-cache-dir 'flask>=3.0'
    ```

    ## When to ignore
    Never.

    ## Fix safety
    Unsafe: the version that is written is now asked for, and may be another than the one that was installed.

    ## Sources
    - POSIX, Shell Command Language, Redirection; pip documentation, `pip install`, Requirement Specifiers
    """

    code = "LNG127"
    name = "version-read-as-redirection"
    severity = Severity.ERROR
    fixable = Applicability.UNSAFE
    managers = frozenset({"pip", "uv", "pipx", "conda", "npm", "yarn", "pnpm", "poetry", "pdm", "pipenv"})

    def action(self, action: Action, context: Context) -> Iterator[Finding]:
        """Packages that a redirection is glued to."""
        command = action.command
        for package in action.packages:
            arg = package.arg
            glued = next((item for item in command.redirects if item.span.start == arg.span.end), None)
            if glued is None or glued.operator != ">" or glued.target is None:
                continue
            if not re.match(r"=?\d", glued.target.text) or re.search(r"['\"\s]", arg.raw):
                continue
            span = Span(arg.span.start, _end(glued, command))
            written = context.source.slice(span)
            fix = None
            if command.editable and not re.search(r"['\"\s$\\]", written):
                fix = Fix("quote it", (replace(span, f"'{written}'"),), Applicability.UNSAFE)
            message = f"the shell reads this as `{arg.text}` with output to a file `{glued.target.text}`"
            yield self.at(span, message, fix=fix)


def _end(first: Redirect, command: Command) -> int:
    """The end of the last redirection of those that stand close behind each other."""
    end = first.span.end
    for item in command.redirects:
        if item.span.start == end:
            end = item.span.end
    return end
