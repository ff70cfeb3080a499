"""Keeps the interpreters of kept scripts.

**What.** The program after `#!` of every kept file that may be executed; for `env` the program that it would
start, as PATH resolves it.

**Why.** Without it the kernel answers `ENOENT` for a script that is plainly there. A run sees only the
interpreters of the scripts that it ran.

**Cost.** The interpreter and its libraries, where nothing else keeps them.

**Sources.** execve(2), "Interpreter scripts"; env(1), `-S`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from jettison.keep.rule import Keep, Rule
from jettison.keep.shell import programs_of_argv, split_words
from jettison.layers.path import encode_path

if TYPE_CHECKING:
    from jettison.keep.context import Context
    from jettison.layers.tree import Node


_SIDE_EFFECTS: Final = frozenset(
    ("server", "package", "world data", "python", "node", "ruby", "perl", "java")
)
"""Rules that keep whole packages, scripts that nobody runs among them."""
_PROGRAM_FOLDERS: Final = frozenset((b"bin", b"sbin", b"libexec", b".bin", b"cgi-bin", b"exe"))


class Interpreters(Rule):
    """Interpreters of scripts."""

    name = "interpreter"

    def visit(self, context: Context, node: Node) -> Iterable[Keep]:
        """The interpreter of one script."""
        if not node.mode & 0o111 or not _is_run(context, node):
            return
        argv = shebang(context.head(node))
        for program in programs_of_argv(argv):
            path = context.which(program)
            if path is not None:
                yield Keep(path, f"runs scripts that begin with #!{encode_path(argv[0])}", node.path)


def _is_run(context: Context, node: Node) -> bool:
    """Whether somebody may run the script: it is on the way of a run or of the application, or among
    programs.

    Others, such as examples and start scripts of an init system that is not there, need no interpreter.
    """
    rule = context.plan.reasons(node.path)[0].rule
    return rule not in _SIDE_EFFECTS or not _PROGRAM_FOLDERS.isdisjoint(node.path.split(b"/")[:-1])


def shebang(head: bytes) -> list[bytes]:
    """The words that the kernel would execute for a file that begins with `head`; empty when it is no script.

    The kernel passes all that follows the interpreter as one argument; `env -S` splits it.
    """
    if not head.startswith(b"#!"):
        return []
    line = head[2:].partition(b"\n")[0].strip(b" \t\r")
    interpreter, _, argument = line.replace(b"\t", b" ").partition(b" ")
    argument = argument.strip()
    if argument.startswith((b"-S", b"--split-string")) and interpreter.endswith(b"/env"):
        return [
            interpreter,
            *split_words(argument.removeprefix(b"--split-string").removeprefix(b"-S").lstrip(b"= ")),
        ]
    return [interpreter, argument] if argument else [interpreter] if interpreter else []
