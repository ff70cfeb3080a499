"""RUN108 useradd-with-large-uid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.command import Command
from jettison.lint.fix import Applicability, Fix, insert
from jettison.lint.rule import Context, Finding, Rule, Severity

LARGE: Final = 65_536
"""At 292 bytes a user in lastlog, this one's record lies 19 MB into the file."""


class UseraddWithLargeUid(Rule):
    """Flags `useradd` of a large user number without `--no-log-init`.

    ## What it does
    Looks for `useradd` with `--uid` of 65536 or more and neither `-l` nor `--no-log-init`.

    ## Why is this bad?
    `useradd` writes an empty record for the user into `/var/log/lastlog` and `/var/log/faillog`, at a place
    that grows with the number. The files are sparse, but layers are not: the image grows by up to
    hundreds of gigabytes of zeros.

    ## Example
    ```dockerfile
    RUN useradd --uid 1000660000 app
    ```

    ## Use instead
    ```dockerfile
    RUN useradd -l --uid 1000660000 app
    ```

    ## When to ignore
    Never.

    ## Fix safety
    Safe: `-l` leaves the two log files alone and changes nothing else.

    ## Sources
    - hadolint DL3046
    - useradd(8); moby/moby#5419
    """

    code = "RUN108"
    name = "useradd-with-large-uid"
    severity = Severity.WARNING
    aliases = ("DL3046",)
    fixable = Applicability.SAFE
    programs = frozenset({"useradd"})

    def command(self, command: Command, context: Context) -> Iterator[Finding]:
        """A large number without the option."""
        number = command.option_value("-u", "--uid")
        if number is None or not number.text.isdecimal() or int(number.text) < LARGE:
            return
        if command.has("-l", "--no-log-init"):
            return
        fix = Fix("add -l", (insert(command.name_span.end, " -l"),)) if command.editable else None
        message = f"`useradd` writes log records at the place of user {number.text}: the layer grows by zeros"
        yield self.at(number.span, message, fix=fix)
