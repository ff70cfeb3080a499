"""RUN107 wget-progress-bar."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.bases import Distro
from jettison.lint.build import Stage
from jettison.lint.command import Command
from jettison.lint.fix import Applicability, Fix, insert
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._download import WGET_VALUES
from jettison.lint.rules._requests import installed

_QUIET: Final = (
    *("-q", "--quiet", "-nv", "--no-verbose", "-o", "--output-file", "-a", "--append-output"),
    *("--progress", "--help", "--version", "--spider"),
)


class WgetProgressBar(Rule):
    """Flags `wget` that draws its progress bar into the log of the build.

    ## What it does
    Looks for GNU `wget` without `--progress`, `-q`, `-nv` or a log file. The `wget` of busybox (Alpine
    without the package) knows no `--progress` and is left alone, and so is one whose messages are thrown
    away.

    ## Why is this bad?
    Without a terminal the bar becomes thousands of lines of dots, in which the line that matters is lost.
    `--progress=dot:giga` writes one line for every 32 megabytes.

    ## Example
    ```dockerfile
    RUN wget https://example.org/big.tar.gz
    ```

    ## Use instead
    ```dockerfile
    RUN wget --progress=dot:giga https://example.org/big.tar.gz
    ```

    ## When to ignore
    For small files.

    ## Fix safety
    Safe: the option changes messages only.

    ## Sources
    - hadolint DL3047
    - GNU Wget manual, "Download Options"
    """

    code = "RUN107"
    name = "wget-progress-bar"
    severity = Severity.INFO
    aliases = ("DL3047",)
    fixable = Applicability.SAFE
    programs = frozenset({"wget"})

    def command(self, command: Command, context: Context) -> Iterator[Finding]:
        """A `wget` that reports its progress."""
        if (
            command.has(*_QUIET)
            or not command.args
            or any(item.text.startswith("-nv") for item in command.args)
        ):
            return
        if any(item.operator in ("2>", "&>", "2>>", "&>>") for item in command.redirects):
            return
        if "busybox" in command.wrappers or not command.operands(*WGET_VALUES):
            return
        stage = context.build.stage_of(command.instruction)
        if stage is not None and _is_busybox(stage, context):
            return
        fix = Fix("add --progress=dot:giga", (insert(command.name_span.end, " --progress=dot:giga"),))
        message = "`wget` without `--progress` fills the log of the build with dots"
        yield self.at(command.name_span, message, fix=fix if command.editable else None)


def _is_busybox(stage: Stage, context: Context) -> bool:
    """Whether `wget` is that of busybox: on Alpine and its like, unless the package is installed."""
    if stage.distro not in (Distro.ALPINE, Distro.BUSYBOX, Distro.WOLFI):
        return False
    return "wget" not in installed(stage, context)
