"""CCH110 mkdir-before-workdir."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.fix import Applicability, Fix, Scope, delete
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._layers import whole_line
from jettison.lint.rules._script import next_instruction
from jettison.lint.rules._users import is_root, user_at
from jettison.lint.syntax import Instruction, ShellOrExec


class MkdirBeforeWorkdir(Rule):
    """Flags a RUN that only makes the folder that the next WORKDIR makes anyway.

    ## What it does
    Looks for a RUN that is nothing but `mkdir` of one folder, followed by WORKDIR with the same folder.

    ## Why is this bad?
    WORKDIR creates its folder, with all folders above it. The RUN is a layer and a step of the build for
    nothing.

    ## Example
    ```dockerfile
    RUN mkdir -p /srv/app
    WORKDIR /srv/app
    ```

    ## Use instead
    ```dockerfile
    WORKDIR /srv/app
    ```

    ## When to ignore
    When the folder has to belong to the user of the RUN.

    ## Fix safety
    Safe: offered where root makes the folder, which WORKDIR makes with the same owner and mode.

    ## Sources
    - Dockerfile reference, WORKDIR
    """

    code = "CCH110"
    name = "mkdir-before-workdir"
    severity = Severity.STYLE
    fixable = Applicability.SAFE
    keywords = frozenset({"RUN"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """A lone `mkdir` before its WORKDIR."""
        commands = context.build.commands(node)
        if len(commands) != 1 or commands[0].name != "mkdir" or not isinstance(node, ShellOrExec):
            return
        operands = commands[0].operands()
        after = next_instruction(node, context.build)
        if (
            len(operands) != 1
            or commands[0].has("-m", "--mode")
            or after is None
            or after.keyword != "WORKDIR"
        ):
            return
        folder = context.build.expand(after.arguments.text, after)
        if folder is None or operands[0].value is None or folder.rstrip("/") != operands[0].value.rstrip("/"):
            return
        fix = None
        if is_root(user_at(node, context.build)) and node.index >= 0:
            fix = Fix(
                "remove the RUN", (delete(whole_line(node, context)),), Applicability.SAFE, Scope.CONFIG
            )
        yield self.at(node.span, "WORKDIR makes this folder anyway; the RUN is a layer for nothing", fix=fix)
