"""USR105 world-writable."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jettison.lint.command import Command
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.syntax import Instruction


class WorldWritable(Rule):
    """Flags files that everybody may write: `chmod 777` and its like.

    ## What it does
    Looks in stages that ship for `chmod` with 777, 666, `a+w`, `o+w`, `a+rwx` and for `--chmod=777`. Folders
    with the sticky bit (1777) are left alone.

    ## Why is this bad?
    It makes every user the owner: who takes over any process can replace programs and configuration that
    others run. Mostly one user is meant, and `COPY --chown` or the group of that user says so. `chmod -R`
    also stores all those files once more.

    ## Example
    ```dockerfile
    RUN chmod -R 777 /srv/app
    ```

    ## Use instead
    ```dockerfile
    RUN chown -R 10001:0 /srv/app && chmod -R g=u /srv/app
    ```

    ## When to ignore
    When any user at all has to write there, and a volume will lie over it.

    ## Sources
    - CIS Docker Benchmark 4.8; OpenShift guidelines, "Support arbitrary user ids"
    """

    code = "USR105"
    name = "world-writable"
    severity = Severity.WARNING
    keywords = frozenset({"COPY", "ADD"})
    programs = frozenset({"chmod"})

    def command(self, command: Command, context: Context) -> Iterator[Finding]:
        """Modes given by `chmod`."""
        operands = command.operands()
        if not operands or not context.ships(command.instruction) or not _opens(operands[0].text):
            return
        if len(operands) > 1 and all(arg.text.rstrip("/") in ("/tmp", "/var/tmp") for arg in operands[1:]):  # noqa: S108
            return
        yield self.at(operands[0].span, f"`{operands[0].text}` lets every user replace these files")

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Modes given by COPY and ADD."""
        flag = node.flag("chmod")
        if flag is not None and flag.value and _opens(flag.value) and context.ships(node):
            yield self.at(flag.span, f"`{flag.value}` lets every user replace these files")


def _opens(mode: str) -> bool:
    if re.fullmatch(r"[0-7]{3,4}", mode):
        sticky = len(mode) == 4 and mode[0] in "1357"
        return mode[-1] in "2367" and not sticky
    parts = [part.partition("+") for part in mode.split(",") if "+" in part]
    return any(
        "w" in what and "t" not in mode and (not who or set(who) & {"a", "o"}) and who
        for who, _, what in parts
    )
