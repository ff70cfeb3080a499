"""RUN110 sh-replaced-by-link."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.command import Command
from jettison.lint.fix import Applicability, Fix, Scope, replace
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._download import SHELLS


class ShReplacedByLink(Rule):
    """Flags a RUN that puts another shell in the place of `/bin/sh`.

    ## What it does
    Looks for `ln` whose link is `/bin/sh` or `/usr/bin/sh`, and for `mv` and `cp` to it.

    ## Why is this bad?
    Every script of the system now runs in a shell it was not written for, in the container too. A link to
    a shell that is removed or updated later leaves the image without any. SHELL says the same for this
    file only.

    ## Example
    ```dockerfile
    RUN ln -sf /bin/bash /bin/sh
    ```

    ## Use instead
    ```dockerfile
    SHELL ["/bin/bash", "-c"]
    ```

    ## When to ignore
    When programs of the container need bash behind `system(3)`.

    ## Fix safety
    Unsafe: the container keeps its own `/bin/sh`, which scripts at run time may notice.

    ## Sources
    - hadolint DL4005
    - Dockerfile reference, SHELL
    """

    code = "RUN110"
    name = "sh-replaced-by-link"
    severity = Severity.WARNING
    aliases = ("DL4005",)
    fixable = Applicability.UNSAFE
    programs = frozenset({"ln", "mv", "cp"})

    def command(self, command: Command, context: Context) -> Iterator[Finding]:
        """A command with `/bin/sh` as its target."""
        operands = command.operands()
        if len(operands) != 2 or operands[1].value not in ("/bin/sh", "/usr/bin/sh"):
            return
        message = "every script of the system runs in another shell now; SHELL is for this file only"
        yield self.at(operands[1].span, message, fix=_fix(command, operands[0].text, context))


def _fix(command: Command, target: str, context: Context) -> Fix | None:
    node = command.instruction
    name = target.rpartition("/")[2]
    alone = [item for item in context.build.commands(node) if item.name != "sudo"] == [command]
    if not alone or node.index < 0 or command.name != "ln" or name not in SHELLS - {"sh"}:
        return None
    path = target if target.startswith("/") else f"/bin/{name}"
    edit = replace(node.span, f'SHELL ["{path}", "-c"]')
    return Fix("use SHELL", (edit,), Applicability.UNSAFE, Scope.CONFIG)
