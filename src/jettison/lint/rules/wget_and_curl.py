"""RUN106 wget-and-curl."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.command import Command
from jettison.lint.packages import Verb, action
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._download import FETCHERS
from jettison.lint.rules._requests import installed
from jettison.lint.rules._users import lineage


class WgetAndCurl(Rule):
    """Flags an image whose build uses both `wget` and `curl`.

    ## What it does
    Looks at the stages that ship for calls of both programs. Where the file shows that one of them was
    there already (a base with both, busybox), it is silent.

    ## Why is this bad?
    Either can do all that a build needs. The second one is another package with its libraries and its
    vulnerabilities in the image.

    ## Example
    ```dockerfile
    RUN apt-get update && apt-get install -y wget curl
    RUN wget https://example.org/a.tar.gz
    RUN curl -fO https://example.org/b.tar.gz
    ```

    ## Use instead
    ```dockerfile
    RUN apt-get update && apt-get install -y curl
    RUN curl -fO https://example.org/a.tar.gz
    RUN curl -fO https://example.org/b.tar.gz
    ```

    ## When to ignore
    When the base image has both.

    ## Sources
    - hadolint DL4001, trivy DS-0014
    """

    code = "RUN106"
    name = "wget-and-curl"
    severity = Severity.INFO
    aliases = ("DL4001", "DS-0014", "DS014")

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """The first call of the second program in the stage that is built."""
        if stage is not context.build.target:
            return
        first: Command | None = None
        removed: set[str] = set()
        for member in lineage(stage):
            for command in context.build.runs(member):
                removed |= _removed(command)
                if command.name not in FETCHERS:
                    continue
                if first is None:
                    first = command
                elif command.name != first.name and first.name not in removed and _brings(command, context):
                    line = context.source.position(first.span.start).line
                    message = f"`{command.name}` beside `{first.name}` in line {line}: one of them is enough"
                    yield self.at(command.name_span, message)
                    return


def _removed(command: Command) -> set[str]:
    found = action(command) if command.name not in FETCHERS else None
    if found is None or found.verb is not Verb.REMOVE:
        return set()
    return {package.name for package in found.packages} & FETCHERS


def _brings(command: Command, context: Context) -> bool:
    """Whether the file installs one of the two."""
    stage = context.build.stage_of(command.instruction)
    return stage is not None and bool(FETCHERS & installed(stage, context))
