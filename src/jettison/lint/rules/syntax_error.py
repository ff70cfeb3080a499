"""SYN101 syntax-error."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.syntax import Trouble

_HERE = frozenset(Trouble) - {Trouble.UNKNOWN_INSTRUCTION, Trouble.EMPTY_FILE}


class SyntaxErrorRule(Rule):
    """Flags what BuildKit's parser refuses.

    ## What it does
    Reports each place at which the builder would stop reading: ENV or LABEL without a value, a JSON array
    with something other than strings, a here-document without end, a parser directive that stands twice
    or has an impossible value, a line over 64 KiB.

    ## Why is this bad?
    The image cannot be built.

    ## Example
    ```dockerfile
    ENV APP_HOME
    ```

    ## Use instead
    ```dockerfile
    ENV APP_HOME=/srv/app
    ```

    ## When to ignore
    For templates that become a Dockerfile only when a program has filled them in.

    ## Sources
    - hadolint DL1000, slim ID.20000
    - BuildKit, `frontend/dockerfile/parser`
    """

    code = "SYN101"
    name = "syntax-error"
    severity = Severity.ERROR
    aliases = ("DL1000", "ID.20000")

    def file(self, context: Context) -> Iterator[Finding]:
        """The problems that the parser noted."""
        for problem in context.dockerfile.problems:
            if problem.trouble in _HERE:
                yield self.at(problem.span, problem.message)
