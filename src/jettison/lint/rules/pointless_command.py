"""RUN104 pointless-command."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.command import Command, Scope
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._script import following, preceding
from jettison.lint.syntax import Instruction

_REASONS: Final = {
    **dict.fromkeys(("vi", "vim", "nano", "emacs", "less", "more"), "waits for a person"),
    **dict.fromkeys(("top", "htop"), "shows what only a terminal can show"),
    **dict.fromkeys(("ps", "free"), "shows the machine of the build, once"),
    **dict.fromkeys(("shutdown", "reboot", "halt", "poweroff"), "has no machine to act on"),
    **dict.fromkeys(("mount", "umount", "modprobe", "swapon"), "needs rights that a build does not have"),
    **dict.fromkeys(("ifconfig",), "acts on the network of the build, which ends with it"),
    **dict.fromkeys(("ssh",), "has no key in a build"),
    **dict.fromkeys(("kill", "pkill", "killall"), "has no process to end: each RUN starts with none"),
}


class PointlessCommand(Rule):
    """Flags commands that make no sense while an image is built.

    ## What it does
    Looks for editors and pagers, `top`, `ps`, `free`, `shutdown`, `mount`, `ifconfig`, `ssh` and `kill` in
    RUN. It is silent where the command has a use: `ssh` with `--mount=type=ssh`, `mount` with
    `--security=insecure`, `kill` for a process that the same RUN started, `ps` and others in conditions
    and pipes, a question for the version.

    ## Why is this bad?
    A build has no terminal, no services, no rights over the machine, and keeps files only. Such a command
    stops the build, waits for ever, or does nothing.

    ## Example
    ```dockerfile
    RUN top
    ```

    ## Use instead
    ```dockerfile
    RUN make
    ```

    ## When to ignore
    While looking for a fault of the build.

    ## Sources
    - hadolint DL3001, slim ID.20022
    """

    code = "RUN104"
    name = "pointless-command"
    severity = Severity.INFO
    aliases = ("DL3001", "ID.20022")
    programs = frozenset(_REASONS)

    def command(self, command: Command, context: Context) -> Iterator[Finding]:
        """A command that nobody waits for the answer of."""
        if command.has("--version", "-V", "--help", "-h") or _has_use(command, context):
            return
        message = f"`{command.name}` in a build {_REASONS[command.name]}"
        yield self.at(command.name_span, message)


def _has_use(command: Command, context: Context) -> bool:
    inner = {Scope.CONDITION, Scope.SUBSTITUTION, Scope.FUNCTION}.intersection(command.scopes)
    if inner or command.piped_into is not None or any("xargs" in item for item in command.wrappers):
        return True
    node = command.instruction
    if command.name == "ssh":
        return _mounts(node, "ssh") or _mounts(node, "secret") or bool(_keys(command, context))
    if command.name in ("mount", "umount", "modprobe", "swapon"):
        return node.flag("security") is not None or not command.args
    if command.name in ("kill", "pkill", "killall"):
        return bool(preceding(command, context.build))
    return (
        command.name in ("less", "more")
        and command.piped_from is None
        and bool(following(command, context.build))
    )


def _mounts(node: Instruction, kind: str) -> bool:
    return any(flag.name == "mount" and f"type={kind}" in (flag.value or "") for flag in node.flags)


def _keys(command: Command, context: Context) -> list[Command]:
    return [item for item in preceding(command, context.build) if item.name.startswith("ssh-")]
