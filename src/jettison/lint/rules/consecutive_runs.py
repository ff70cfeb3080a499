"""CCH101 consecutive-runs."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.fix import Applicability
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._building import is_cheap
from jettison.lint.rules._layers import joined


class ConsecutiveRuns(Rule):
    r"""Flags two RUN in a row that could be one without any loss.

    ## What it does
    Looks in stages that ship for a RUN that follows another RUN, where the first does nothing that is worth
    a cache entry of its own (folders, modes, owners, links, users, text files). Joining them then costs
    nothing. Where the first is expensive they had better stay apart, and the rule is silent; layers of
    stages that do not ship cost nothing.

    ## Why is this bad?
    Each RUN is a layer: an archive to push, pull and mount, with a copy of every file that it changes. There
    can be 127 at most.

    ## Example
    ```dockerfile
    RUN mkdir -p /srv/app/data
    RUN chown 10001 /srv/app/data
    ```

    ## Use instead
    ```dockerfile
    RUN mkdir -p /srv/app/data \
        && chown 10001 /srv/app/data
    ```

    ## When to ignore
    When the two read better apart.

    ## Fix safety
    Safe: offered for commands joined by `&&` whose shell leaves nothing behind for the next (no `cd`, no
    variables), and with nothing but comments between the two, which stay.

    ## Sources
    - hadolint DL3059, slim ID.20019, KICS "Multiple RUN, ADD, COPY, Instructions Listed"
    - Docker documentation, "Building best practices"
    """

    code = "CCH101"
    name = "consecutive-runs"
    severity = Severity.INFO
    aliases = ("DL3059", "ID.20019")
    fixable = Applicability.SAFE

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """Each RUN behind a cheap one."""
        if not stage.ships:
            return
        for first, second in zip(stage.instructions, stage.instructions[1:], strict=False):
            if first.keyword != "RUN" or second.keyword != "RUN" or not is_cheap(first, context.build):
                continue
            if [flag.text for flag in first.flags] != [flag.text for flag in second.flags]:
                continue
            message = "a layer of its own for nothing: joined to the RUN above, it would cost no cache"
            yield self.at(second.keyword_span, message, fix=joined(first, second, context))
