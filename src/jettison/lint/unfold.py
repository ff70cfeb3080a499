"""Programs that run the program named in their arguments: `sudo`, `timeout`, `bash -c`, `python -m` and
so on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from jettison.lint.command import Arg, Command
from jettison.lint.shell import Shell, dialect_of
from jettison.lint.source import Mapped, Piece

MAX_NESTING: Final = 8
"""Wrappers inside wrappers that are followed."""


@dataclass(frozen=True, slots=True)
class Wrapper:
    """How to find the inner command: options that take a value, and operands that come before it."""

    values: frozenset[str] = frozenset()
    operands: int = 0
    assignments: bool = False


def _wrapper(values: str = "", operands: int = 0, *, assignments: bool = False) -> Wrapper:
    return Wrapper(frozenset(values.split()), operands, assignments)


_WRAPPERS: Final = {
    "sudo": _wrapper("-u -g -h -p -C -r -t -T -U -D --user --group --host --chdir", assignments=True),
    "doas": _wrapper("-u -C"),
    "env": _wrapper("-u -C --unset --chdir", assignments=True),
    "nice": _wrapper("-n --adjustment"),
    "ionice": _wrapper("-c -n -p"),
    "nohup": _wrapper(),
    "time": _wrapper("-f -o"),
    "timeout": _wrapper("-k -s --kill-after --signal", 1),
    "xargs": _wrapper("-n -I -P -L -s -d -a -E --max-args --max-procs --delimiter --replace --arg-file"),
    "exec": _wrapper("-a"),
    "command": _wrapper(),
    "builtin": _wrapper(),
    "stdbuf": _wrapper("-i -o -e"),
    "setsid": _wrapper(),
    "gosu": _wrapper("", 1),
    "su-exec": _wrapper("", 1),
    "runuser": _wrapper("-u -g -G"),
    "tini": _wrapper("-p -e"),
    "dumb-init": _wrapper("-r --rewrite"),
    "catatonit": _wrapper(),
    "fakeroot": _wrapper(),
    "eatmydata": _wrapper(),
    "linux32": _wrapper(),
    "flock": _wrapper("-w -E", 1),
    "busybox": _wrapper(),
    "corepack": _wrapper(),
}
_PYTHON: Final = re.compile(r"(python|pypy)[0-9.]*\Z")
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*=")


def inner_command(command: Command) -> Command | None:
    """The command in the arguments of a wrapper; None if `command` is no wrapper that is known."""
    if _PYTHON.match(command.name):
        return _module(command)
    wrapper = _WRAPPERS.get(command.name)
    if wrapper is None or (command.name == "command" and command.has("-v", "-V")):
        return None
    assigned: list[tuple[str, Arg]] = []
    index = _skip(command, wrapper, assigned)
    if index is None or index >= len(command.args) or command.args[index].value is None:
        return None
    if command.name == "runuser" and not command.has("-u"):
        return None
    return _made(command, index, command.name, assigned)


def _skip(command: Command, wrapper: Wrapper, assigned: list[tuple[str, Arg]]) -> int | None:
    """The index of the inner program among the arguments; assignments on the way are collected."""
    index = 0
    operands = wrapper.operands
    while index < len(command.args):
        arg = command.args[index]
        if arg.text == "--":
            index += 1
            if not operands:
                return index
            continue
        if arg.text in wrapper.values:
            index += 2
        elif arg.text.startswith("-"):
            index += 1
        elif wrapper.assignments and _ASSIGNMENT.match(arg.text):
            name, _, value = arg.text.partition("=")
            assigned.append((name, Arg(arg.raw.partition("=")[2], value, arg.span)))
            index += 1
        elif operands:
            operands -= 1
            index += 1
        else:
            return index
    return None


def _module(command: Command) -> Command | None:
    """`python -m pip …` as `pip …`."""
    for index, arg in enumerate(command.args):
        if arg.text == "-m":
            return (
                _made(command, index + 1, f"{command.name} -m", []) if index + 1 < len(command.args) else None
            )
        if not arg.text.startswith("-"):
            return None
    return None


def _made(command: Command, index: int, label: str, assigned: list[tuple[str, Arg]]) -> Command:
    name = command.args[index]
    return Command(
        name=name.text.rpartition("/")[2],
        args=command.args[index + 1 :],
        span=command.span._replace(start=name.span.start),
        name_span=name.span,
        instruction=command.instruction,
        script=command.script,
        assignments=(*command.assignments, *assigned),
        redirects=command.redirects,
        wrappers=(*command.wrappers, label),
        operator=command.operator,
        scopes=command.scopes,
        statement=command.statement,
    )


@dataclass(frozen=True, slots=True)
class Nested:
    """A script in an argument; `shell` is None where the surrounding shell reads it (`eval`, `su -c`)."""

    text: Mapped
    exact: bool
    shell: Shell | None
    label: str


def nested_script(command: Command) -> Nested | None:
    """The script that a shell, `su` or `eval` finds in its arguments."""
    dialect = dialect_of(command.name)
    if dialect is not None:
        arg = _after_c(command)
        flags = tuple(item.text for item in takewhile(lambda item: item is not arg, command.args))
        shell = Shell((command.name, *flags), dialect, explicit=True)
        return _nested(command, arg, shell, f"{command.name} -c")
    if command.name in ("su", "runuser"):
        return _nested(command, command.option_value("-c", "--command"), None, f"{command.name} -c")
    if command.name == "eval" and len(command.args) == 1:
        return _nested(command, command.args[0], None, "eval")
    return None


def _after_c(command: Command) -> Arg | None:
    """The argument behind an option cluster with `c` in it, as in `bash -euxo pipefail -c '…'`."""
    rest = list(command.args)
    clustered = False
    while rest:
        arg = rest.pop(0)
        if not arg.text.startswith(("-", "+")):
            return arg if clustered else None
        if not arg.text.startswith("--"):
            clustered = clustered or "c" in arg.text
            if arg.text.endswith(("o", "O")) and rest:
                rest.pop(0)
    return None


def _nested(command: Command, arg: Arg | None, shell: Shell | None, label: str) -> Nested | None:
    if arg is None:
        return None
    outer = command.script.text if command.script is not None and arg.start >= 0 else None
    quotes = arg.raw[:1] if arg.raw[:1] in ("'", '"') else ""
    if outer is not None and arg.raw == f"{quotes}{arg.text}{quotes}":
        width = len(quotes)
        inner = outer.slice(arg.start + width, arg.end - width)
        return Nested(inner, command.editable, shell, label)
    if outer is None and arg.span.end - arg.span.start == len(arg.text) + 2:
        return Nested(Mapped([Piece(arg.text, arg.span.start + 1)]), True, shell, label)
    return Nested(Mapped(Piece(char, arg.span.start) for char in arg.text), False, shell, label)


def stdin_script(command: Command, body: Mapped) -> Nested | None:
    """The here-document on the standard input of a shell that has no script among its arguments."""
    dialect = dialect_of(command.name)
    if dialect is None or command.operands("-o") or command.has("-c"):
        return None
    shell = Shell((command.name, *command.words), dialect, explicit=True)
    return Nested(body, command.editable, shell, f"{command.name} <<")
