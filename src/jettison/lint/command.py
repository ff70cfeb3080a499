"""One command of a script, as rules look at it: its name, arguments, place, and what stands around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from jettison.lint.source import Span

if TYPE_CHECKING:
    from jettison.lint.script import Script
    from jettison.lint.syntax import Instruction


class Scope(StrEnum):
    """What a command stands inside of."""

    CONDITION = "condition"
    BRANCH = "branch"
    LOOP = "loop"
    FUNCTION = "function"
    SUBSHELL = "subshell"
    SUBSTITUTION = "substitution"


@dataclass(frozen=True, slots=True)
class Arg:
    """One argument: as written, as the program receives it (None where that is not known), and its place."""

    raw: str
    value: str | None
    span: Span
    quoted: bool = False
    start: int = -1
    """Index in the script's text; -1 if it does not stand there."""
    end: int = -1

    @property
    def text(self) -> str:
        """The value, or what is written if the value is not known."""
        return self.raw if self.value is None else self.value


@dataclass(frozen=True, slots=True)
class Redirect:
    """A redirection: its operator (`>`, `2>`), its target (a file, or the text of a here-document), and its
    place."""

    operator: str
    target: Arg | None
    span: Span


@dataclass(eq=False, slots=True)
class Command:
    """A simple command. Wrapped commands (`sudo apt-get …`) appear once as `sudo` and once as `apt-get`."""

    name: str
    """The last part of the program's path; empty if it is not known."""
    args: tuple[Arg, ...]
    span: Span
    name_span: Span
    instruction: Instruction
    script: Script | None
    """None in the exec form."""
    assignments: tuple[tuple[str, Arg], ...] = ()
    redirects: tuple[Redirect, ...] = ()
    wrappers: tuple[str, ...] = ()
    """Programs that run it: `("sudo",)`, `("env", "timeout")`, `("bash -c",)`, outermost first."""
    operator: str = ""
    """What joins it to the command before: `&&`, `||`, `;`, `|`, or nothing for the first."""
    scopes: tuple[Scope, ...] = ()
    piped_from: Command | None = None
    piped_into: Command | None = None
    negated: bool = False
    statement: Span = field(default=Span(0, 0))
    """The command with its redirections."""

    def __repr__(self) -> str:
        return f"Command({' '.join([self.name, *self.words])!r})"

    @property
    def words(self) -> list[str]:
        """The arguments as text."""
        return [arg.text for arg in self.args]

    @property
    def editable(self) -> bool:
        """Whether source and script say the same character by character, so that it can be edited in
        place."""
        return self.script is not None and self.script.exact

    @property
    def certain(self) -> bool:
        """Whether it runs whenever the instruction succeeds: not in a branch, or behind `||`."""
        shaky = {Scope.BRANCH, Scope.FUNCTION, Scope.CONDITION, Scope.LOOP}
        return self.operator != "||" and not shaky.intersection(self.scopes)

    @property
    def options(self) -> Iterator[Arg]:
        """The arguments that start with `-`, up to `--`."""
        for arg in self.args:
            if arg.text == "--":
                return
            if arg.text.startswith("-") and len(arg.text) > 1:
                yield arg

    def option(self, *names: str) -> Arg | None:
        """The first option with one of these names.

        `-y` is found in a cluster such as `-qy`; `--assume-yes` also as `--assume-yes=true`.
        """
        for arg in self.options:
            if arg.text.startswith("--"):
                if arg.text.partition("=")[0] in names:
                    return arg
            elif arg.text in names or any(
                len(name) == 2 and name[0] == "-" and name[1] in arg.text[1:].partition("=")[0]
                for name in names
            ):
                return arg
        return None

    def has(self, *names: str) -> bool:
        """Whether one of these options is given."""
        return self.option(*names) is not None

    def option_value(self, *names: str) -> Arg | None:
        """The value of an option: `-o X`, `-oX`, `--opt X` or `--opt=X`."""
        for index, arg in enumerate(self.args):
            for name in names:
                if arg.text == name:
                    return self.args[index + 1] if index + 1 < len(self.args) else None
                lead = f"{name}=" if name.startswith("--") else name
                if arg.text.startswith(lead):
                    raw = arg.raw.partition("=")[2] if "=" in lead else arg.raw[len(name) :]
                    return Arg(raw, arg.text[len(lead) :], arg.span, arg.quoted)
        return None

    def operands(self, *with_value: str) -> list[Arg]:
        """The arguments that are no options; `with_value` names the options that take the next argument."""
        found: list[Arg] = []
        args = iter(self.args)
        for arg in args:
            if arg.text == "--":
                found.extend(args)
            elif arg.text in with_value:
                next(args, None)
            elif not arg.text.startswith("-") or arg.text == "-":
                found.append(arg)
        return found
