"""PKG102 apt-in-script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.command import Command
from jettison.lint.fix import Applicability, Fix, replace
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.source import Span

_SAME: Final = {
    **{
        word: word
        for word in ("install", "reinstall", "remove", "purge", "update", "autoremove", "autopurge", "clean")
    },
    **{word: word for word in ("autoclean", "build-dep", "source", "download", "satisfy")},
    "upgrade": "upgrade --with-new-pkgs",
    "full-upgrade": "dist-upgrade",
}
"""Subcommands of apt, and how apt-get says the same."""

_WILD: Final = re.compile(r"[*?\[^$|]")


class AptInScript(Rule):
    """Flags `apt`, which is made for people at a terminal.

    ## What it does
    Looks for commands of `apt` in RUN.

    ## Why is this bad?
    apt says itself that it "does not have a stable CLI interface" and must not be used in scripts: options
    and output change between releases. apt-get does the same and stays as it is.

    ## Example
    ```dockerfile
    RUN apt update && apt install -y --no-install-recommends curl
    ```

    ## Use instead
    ```dockerfile
    RUN apt-get update && apt-get install -y --no-install-recommends curl
    ```

    ## When to ignore
    For what only apt can do.

    ## Fix safety
    Safe: offered for subcommands that apt-get has too, `apt upgrade` as `apt-get upgrade
    --with-new-pkgs`. Not offered for package names with wildcards, which the two read differently.

    ## Sources
    - hadolint DL3027, checkov CKV_DOCKER_9
    - apt(8), "Script usage and differences from other APT tools"
    """

    code = "PKG102"
    name = "apt-in-script"
    severity = Severity.WARNING
    aliases = ("DL3027", "CKV_DOCKER_9")
    fixable = Applicability.SAFE
    programs = frozenset({"apt"})

    def command(self, command: Command, context: Context) -> Iterator[Finding]:
        """Every call of apt."""
        yield self.at(command.name_span, "`apt` has no stable command line for scripts", fix=_fix(command))


def _fix(command: Command) -> Fix | None:
    operands = command.operands("-o", "--option", "-c", "-t", "--target-release", "-a")
    same = _SAME.get(operands[0].text) if operands else None
    if same is None or not command.editable or any(_WILD.search(arg.text) for arg in operands):
        return None
    end = command.name_span.end
    edits = [replace(Span(end - len("apt"), end), "apt-get")]
    if same != operands[0].text:
        edits.append(replace(operands[0].span, same))
    return Fix("use apt-get", tuple(edits))
