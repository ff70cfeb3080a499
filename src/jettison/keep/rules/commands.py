"""Keeps a shell, and the programs that scripts and the application's own text start.

**What.** The image's `sh` and a small box of utilities, unless `--no-shell`; the programs in command position
of every script that was executed or is the application's own, followed from script to script; programs in
command lines that stand as constants in the application's code near a call that starts programs; programs
that stand as absolute paths in binaries of the application.

**Why.** `system(3)`, `child_process.exec`, `subprocess.run(…, shell=True)` and a health check in shell form
need `sh` and what it is told to run; an entrypoint script takes other branches with other variables;
operators open a shell.

**Cost.** `sh` alone 0.13 MB; the box of about 35 utilities 2.5–3 MB on Debian, nothing on Alpine; the rest is
what the scripts name. Words that are not in command position are not looked at: they pull in nonsense.

**Sources.** POSIX.1-2024, Shell Command Language; system(3), wordexp(3).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from jettison.keep.binary import binary
from jettison.keep.rule import Keep, Rule
from jettison.keep.rules.elf import may_be_elf
from jettison.keep.rules.scripts import shebang
from jettison.keep.shell import BUILTINS, SHELLS, parse_script, programs_of_argv
from jettison.layers.path import encode_path, name
from jettison.limits import MIB

if TYPE_CHECKING:
    from jettison.keep.context import Context
    from jettison.layers.tree import Node

BOX_REASON: Final = "a shell with its utilities, for calls of the application and for operators"
SHELL_BOX: Final = (
    b"sh [ basename cat chmod chown cp cut date dirname echo env false grep head hostname id "
    b"kill ln ls mkdir mktemp mv printenv printf pwd readlink rm rmdir sed sleep stat tail tee "
    b"test touch tr true uname uniq wc whoami".split()
)
"""Utilities that stay with a shell."""
FULL_SHELL_BOX: Final = SHELL_BOX + (
    b"awk bash busybox clear comm curl df diff du egrep expr fgrep find free gunzip gzip install kill "
    b"less ls more nproc od paste pgrep pkill ps realpath seq sha256sum sort split stty su sync tar "
    b"timeout top tty vi wget which xargs yes zcat".split()
)
"""What people expect in a shell beyond that; for `--shell` and the policy `packages`."""
_SCRIPT_NAMES: Final = re.compile(rb".*\.(?:sh|bash|ash)\Z")
_CODE: Final = re.compile(
    rb".*\.(?:py|rb|[cm]?js|jsx|tsx?|php|phtml|inc|pl|pm|lua|groovy|kts?|scala|clj|exs?|erl|R|tcl)\Z"
)
_STARTS: Final = re.compile(
    rb"\b(?:exec(?:Sync|File|FileSync|[vl]p?e?)?|spawn(?:Sync)?|system|popen[234]?|Popen|run|call|check_call|check_output"
    rb"|getoutput|getstatusoutput|shell_exec|passthru|proc_open|pcntl_exec|capture[23e]?|pipeline|execa"
    rb"|create_subprocess_\w+|ProcessBuilder)\s*\(|\b(?:exec|system|spawn|Open3\.\w+)\s(?=\s*['\"])"
    rb"|%x[{(\[].*?[})\]]|\bqx[{(/].*?[})/]|`"
)
"""Calls that start programs, in the languages above."""
_LITERAL: Final = re.compile(
    rb"\"((?:[^\"\\\n]|\\.){1,400})\"|'((?:[^'\\\n]|\\.){1,400})'|`((?:[^`\\\n]|\\.){1,400})`"
)
_MAX_CODE_BYTES: Final = MIB
_MAX_CALL_BYTES: Final = 1000
"""How far behind a call its arguments are looked for."""


class Commands(Rule):
    """The shell, and what scripts and code start."""

    name = "command"

    def __init__(self, *, box: Sequence[bytes] = SHELL_BOX) -> None:
        """`box` are the utilities that stay for the sake of having a shell; none if it is empty."""
        self._box = box
        self._followed: set[bytes] = set()

    def visit(self, context: Context, node: Node) -> Iterable[Keep]:
        """What one kept script, source file or program of the application starts."""
        if node.path in context.executed or context.is_authored(node.path):
            yield from self._follow(context, node)

    def settle(self, context: Context) -> Iterable[Keep]:
        """The shell and its box, after all that the application itself needs."""
        for utility in self._box if context.which(b"sh") is not None else ():
            path = context.which(utility)
            if path is not None:
                yield Keep(path, BOX_REASON)

    def _follow(self, context: Context, node: Node) -> Iterator[Keep]:
        """The programs that `node` starts, and what they start in turn where they are scripts."""
        todo = [node]
        while todo:
            node = todo.pop()
            if node.path in self._followed:
                continue
            self._followed.add(node.path)
            for program in sorted(_programs(context, node)):
                path = context.which(program)
                target = context.file(path) if path is not None else None
                if path is None or target is None:
                    continue
                yield Keep(path, f"started as {encode_path(program)}", node.path)
                if is_shell_script(context, target):
                    todo.append(target)


def is_shell_script(context: Context, node: Node) -> bool:
    """Whether a shell runs `node`, by its first line or its name."""
    argv = shebang(context.head(node))
    return any(name(word) in SHELLS for word in argv) or (
        not argv and _SCRIPT_NAMES.match(node.path) is not None
    )


def _programs(context: Context, node: Node) -> set[bytes]:
    if is_shell_script(context, node):
        script = parse_script(context.read(node))
        return {*script.programs(), *script.sourced()}
    if _CODE.match(node.path) or context.head(node).startswith(b"#!"):
        return set(started_in_code(context.read(node))) if node.size <= _MAX_CODE_BYTES else set()
    if context.is_application_program(node) and may_be_elf(node) and context.elf(node.path) is not None:
        found = binary(context, node)
        return set(found.paths) if found.starts_programs else set()
    return set()


def started_in_code(text: bytes) -> Iterator[bytes]:
    """Programs of the command lines that stand as constants in source code behind a call that starts
    programs.

    The constants may go on in the next line. A first constant with blanks is a shell's command line, else the
    constants are the words of a command.
    """
    lines = text.splitlines()
    for line, after in pairwise([*lines, b""]):
        for call in _STARTS.finditer(line):
            start = call.start() if call[0] == b"`" else call.end()
            rest = line[start : start + _MAX_CALL_BYTES] + b"\n" + after[:_MAX_CALL_BYTES]
            words = [match[match.lastindex or 0] for match in _LITERAL.finditer(rest)]
            if call[0].startswith((b"%x", b"qx")):
                yield from parse_script(call[0].lstrip(b"%qx")[1:-1]).programs()
            elif words and re.search(rb"\s", words[0]):
                yield from parse_script(words[0]).programs()
            else:
                yield from (program for program in programs_of_argv(words) if program not in BUILTINS)
