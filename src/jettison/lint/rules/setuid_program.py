"""USR104 setuid-program."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jettison.lint.command import Command
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.syntax import Instruction


class SetuidProgram(Rule):
    """Flags files that are given the setuid or setgid bit.

    ## What it does
    Looks in stages that ship for `chmod u+s`, `chmod 4755`, `install -m 4755` and `--chmod=4755`. Setgid and
    sticky bits of folders (`chmod 1777`, `g+s` with a folder's trailing `/`) are left alone.

    ## Why is this bad?
    Whoever runs the program becomes its owner, mostly root. In a container it is the shortest way from the
    application's user to all rights, and none is needed to run an application.

    ## Example
    ```dockerfile
    RUN chmod u+s /usr/local/bin/helper
    ```

    ## Use instead
    ```dockerfile
    RUN chmod 755 /usr/local/bin/helper
    ```

    ## When to ignore
    When the program was written for it and the image has no other use.

    ## Sources
    - dockle CIS-DI-0008; CIS Docker Benchmark 4.8
    """

    code = "USR104"
    name = "setuid-program"
    severity = Severity.WARNING
    aliases = ("CIS-DI-0008",)
    keywords = frozenset({"COPY", "ADD"})
    programs = frozenset({"chmod", "install"})

    def command(self, command: Command, context: Context) -> Iterator[Finding]:
        """Modes given by commands."""
        if not context.ships(command.instruction):
            return
        operands = command.operands("-m", "--mode", "-o", "-g")
        mode = operands[0] if command.name == "chmod" and operands else command.option_value("-m", "--mode")
        is_folder = all(arg.text.endswith("/") for arg in operands[1:]) or command.has("-d")
        if mode is not None and not is_folder and _gives(mode.text):
            yield self.at(mode.span, "whoever runs this file gets the rights of its owner")

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Modes given by COPY and ADD."""
        flag = node.flag("chmod")
        if flag is not None and flag.value and _gives(flag.value) and context.ships(node):
            yield self.at(flag.span, "whoever runs this file gets the rights of its owner")


def _gives(mode: str) -> bool:
    if re.fullmatch(r"0?[0-7]{4}", mode):
        return mode[-4] in "4567" or (
            mode[-4] in "23" and mode[-3] in "1357" and mode[-1] in "1357" and mode[-3:] != "777"
        )
    return any(
        re.fullmatch(r"(?:[uag]*)\+[rwx]*s[rwx]*", part) and "u" in part.partition("+")[0]
        for part in mode.split(",")
    )
