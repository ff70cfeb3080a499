"""RUN103 sudo-in-build."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.command import Command
from jettison.lint.fix import Applicability, Fix, delete
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._users import is_root, user_at
from jettison.lint.source import Span

_HARMLESS: Final = frozenset({"-E", "-H", "-n", "-S", "-EH", "-HE", "--preserve-env", "--non-interactive"})
"""Options that change nothing when root calls."""


class SudoInBuild(Rule):
    """Flags `sudo` in RUN.

    ## What it does
    Looks for `sudo` in any RUN, in the options of other programs and in here-documents too.

    ## Why is this bad?
    A RUN after `USER root` (or without any USER) has all rights already, so `sudo` only drops the
    variables of ENV. For another user it works only if the image lets that user become root without a
    password, and then so can whoever breaks into the container.

    ## Example
    ```dockerfile
    RUN sudo make install
    ```

    ## Use instead
    ```dockerfile
    RUN make install
    ```

    ## When to ignore
    In images for people to work in (CI runners, development containers), where becoming root is wanted.

    ## Fix safety
    Safe: only where the user is known to be root, and where sudo has no option that changes user, folder
    or variables. Otherwise write `USER root` before and the other user behind.

    ## Sources
    - hadolint DL3004, trivy DS-0010, checkov CKV2_DOCKER_1, dockle DKL-DI-0001
    - sudo(8)
    """

    code = "RUN103"
    name = "sudo-in-build"
    severity = Severity.ERROR
    aliases = ("DL3004", "DS-0010", "DS010", "CKV2_DOCKER_1", "DKL-DI-0001")
    fixable = Applicability.SAFE
    programs = frozenset({"sudo"})

    def command(self, command: Command, context: Context) -> Iterator[Finding]:
        """Every `sudo`."""
        user = user_at(command.instruction, context.build)
        if is_root(user):
            message = "`sudo` where the build is root already"
        else:
            who = f"`{user}`" if user else "the user of the build"
            message = f"`sudo` lets {who} become root, in the container too"
        yield self.at(command.name_span, message, fix=_fix(command) if is_root(user) else None)


def _fix(command: Command) -> Fix | None:
    if not command.editable:
        return None
    for arg in command.args:
        if arg.text in _HARMLESS or arg.text == "--":
            continue
        if arg.text.startswith("-") or "=" in arg.text:
            return None
        return Fix("remove sudo", (delete(Span(command.name_span.start, arg.span.start)),))
    return None
