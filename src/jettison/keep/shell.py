"""Which programs a shell script or a command line starts, found by parsing it, never by running it.

Only words in command position count: the name of a command, and the command that a wrapper such as `exec`,
`env`, `timeout` or `find -exec` is given. A word anywhere else may be the name of a program by accident.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import tree_sitter_bash
from tree_sitter import Language, Parser

from jettison.layers.path import name
from jettison.limits import MIB

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_SCRIPT_BYTES: Final = MIB
"""A shell script that is parsed; longer ones carry an archive behind them."""
_MAX_DEPTH: Final = 8
"""Command lines within command lines (`sh -c "su -c '…'"`)."""
_MAX_VALUES: Final = 16
"""Values that one variable of a script is followed to."""

SHELLS: Final = frozenset((b"sh", b"bash", b"dash", b"ash", b"ksh", b"mksh", b"zsh", b"busybox"))
BUILTINS: Final = frozenset(
    b": . [ [[ alias bg break builtin caller case cd command compgen complete continue declare dirs disown "
    b"echo enable eval exec exit export false fc fg getopts hash help history jobs kill let local logout "
    b"mapfile popd printf pushd pwd read readarray readonly return set shift shopt source suspend test times "
    b"trap true type typeset ulimit umask unalias unset wait".split()
)


class _Wrapper(NamedTuple):
    """A command that starts another one: words that come before it, and options that take a value."""

    positional: int = 0
    valued: bytes = b""


_WRAPPERS: Final[Mapping[bytes, _Wrapper]] = {
    b"builtin": _Wrapper(),
    b"busybox": _Wrapper(),
    b"catatonit": _Wrapper(),
    b"chroot": _Wrapper(1),
    b"chrt": _Wrapper(1),
    b"command": _Wrapper(),
    b"doas": _Wrapper(valued=b"uC"),
    b"dumb-init": _Wrapper(valued=b"r"),
    b"env": _Wrapper(valued=b"uC"),
    b"exec": _Wrapper(valued=b"a"),
    b"flock": _Wrapper(1, b"wE"),
    b"gosu": _Wrapper(1),
    b"ionice": _Wrapper(valued=b"cnp"),
    b"nice": _Wrapper(valued=b"n"),
    b"nohup": _Wrapper(),
    b"runuser": _Wrapper(valued=b"ugGs"),
    b"s6-setuidgid": _Wrapper(1),
    b"setpriv": _Wrapper(),
    b"setsid": _Wrapper(),
    b"stdbuf": _Wrapper(valued=b"ioe"),
    b"su-exec": _Wrapper(1),
    b"sudo": _Wrapper(valued=b"ughpCT"),
    b"taskset": _Wrapper(1),
    b"time": _Wrapper(valued=b"fo"),
    b"timeout": _Wrapper(1, b"ks"),
    b"tini": _Wrapper(valued=b"pe"),
    b"xargs": _Wrapper(valued=b"aEILnPsd"),
}
_CODE_OPTION: Final = frozenset((*SHELLS, b"su", b"runuser", b"script", b"flock"))
"""Programs whose `-c` takes a command line."""

Words = tuple[bytes | None, ...]
"""The words of a command; None for one that is not constant."""


class Script(NamedTuple):
    """What a script does, as far as its text says."""

    commands: tuple[Words, ...]
    functions: frozenset[bytes]

    def programs(self) -> list[bytes]:
        """Names or paths of the programs that it may start, sorted; builtins and its own functions are
        none."""
        found = {program for words in self.commands for program in _programs(words, 0)}
        return sorted(found - BUILTINS - self.functions)

    def sourced(self) -> list[bytes]:
        """Files that it reads as a part of itself (`. file`, `source file`), sorted."""
        found = {words[1] for words in self.commands if len(words) > 1 and words[0] in (b".", b"source")}
        return sorted(word for word in found if word)

    def constants(self) -> list[bytes]:
        """All constant words of its commands, sorted."""
        return sorted({word for words in self.commands for word in words if word})


def parse_script(text: bytes) -> Script:
    """The commands of a POSIX or bash script; what cannot be parsed is left out."""
    tree = _parser().parse(text[:MAX_SCRIPT_BYTES])
    variables: dict[bytes, list[bytes]] = {}
    found: list[Node] = []
    functions: set[bytes] = set()
    for node in _walk(tree.root_node):
        if node.type == "variable_assignment":
            _assign(node, variables)
        elif node.type in ("command", "declaration_command"):
            found.append(node)
        elif node.type == "function_definition":
            functions.add(_text(node.child_by_field_name("name")))
    commands = [words for node in found for words in _words(node, variables)]
    return Script(tuple(commands), frozenset(functions))


def programs_of_argv(argv: Sequence[bytes]) -> list[bytes]:
    """Names or paths of the programs that executing `argv` starts, wrappers and shell strings unfolded, in
    order."""
    return list(dict.fromkeys(_programs(tuple(argv), 0)))


def split_words(text: bytes) -> list[bytes]:
    """The constant words of one simple command line."""
    return [word for words in parse_script(text).commands[:1] for word in words if word is not None]


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


def _walk(root: Node) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.named_children))


def _text(node: Node | None) -> bytes:
    return (node.text or b"") if node is not None else b""


def _assign(node: Node, variables: dict[bytes, list[bytes]]) -> None:
    value = node.child_by_field_name("value")
    for constant in _values(value, variables) if value is not None else ():
        known = variables.setdefault(_text(node.child_by_field_name("name")), [])
        if constant and constant not in known and len(known) < _MAX_VALUES:
            known.append(constant)


def _words(node: Node, variables: Mapping[bytes, list[bytes]]) -> Iterator[Words]:
    """The words of a command; once for each value that a variable in command position is given in the
    script."""
    parts = [part for part in node.named_children if part.type not in ("variable_assignment", "comment")]
    parts = [part for part in parts if not part.type.endswith("_redirect")]
    if not parts:
        return
    rest: list[bytes | None] = []
    for part in parts[1:]:
        rest.extend(_values(part, variables)[:1] or [None])
    firsts: Sequence[bytes | None] = _values(parts[0], variables) or (None,)
    for first in firsts:
        head: list[bytes | None] = [*first.split()] if first and _is_unquoted(parts[0]) else [first]
        yield (*head, *rest)


def _is_unquoted(node: Node) -> bool:
    """Whether the shell splits the value of this word: `$CMD`, not `"$CMD"`."""
    inner = node.named_children[0] if node.type == "command_name" and node.named_children else node
    return inner.type.endswith("expansion")


def _values(node: Node, variables: Mapping[bytes, list[bytes]]) -> list[bytes]:
    """The constant values that a word may have; none when it depends on something else."""
    text = _text(node)
    match node.type:
        case "command_name":
            return _values(node.named_children[0], variables) if node.named_children else [text]
        case "word" | "number" | "string_content" | "extglob_pattern":
            return [re.sub(rb"\\(.)", rb"\1", text)]
        case "raw_string" | "ansi_c_string":
            return [text.strip(b"$").strip(b"'")]
        case "string":
            return _concatenated(node, variables) if node.named_children else [text.strip(b'"')]
        case "concatenation":
            return _concatenated(node, variables)
        case "simple_expansion":
            return list(variables.get(text.lstrip(b"$"), ()))
        case "expansion":
            return _expansion(text, variables)
    return []


def _concatenated(node: Node, variables: Mapping[bytes, list[bytes]]) -> list[bytes]:
    parts = [_values(part, variables) for part in node.named_children]
    if not all(parts):
        return []
    widest = max(len(part) for part in parts)
    return [b"".join(part[min(i, len(part) - 1)] for part in parts) for i in range(widest)]


def _expansion(text: bytes, variables: Mapping[bytes, list[bytes]]) -> list[bytes]:
    """`${NAME}`, `${NAME:-default}` and `${NAME:=default}`."""
    match = re.fullmatch(rb"\$\{(\w+)(?::?[-=]([^$`{}]*))?\}", text)
    if match is None:
        return []
    default = (match[2] or b"").strip(b"\"'")
    return [*variables.get(match[1], ()), *([default] if default else [])]


def _programs(words: Words, depth: int) -> Iterator[bytes]:
    if not words or not words[0] or depth > _MAX_DEPTH:
        return
    program = words[0]
    base = name(program)
    yield program
    if base in _CODE_OPTION:
        yield from _of_code(words, depth)
    if base in (b"eval", b"trap") and len(words) > 1 and words[1]:
        yield from _of_text(words[1], depth)
    elif base == b"find":
        yield from _of_find(words, depth)
    elif base in _WRAPPERS:
        yield from _programs(_wrapped(words, _WRAPPERS[base]), depth + 1)


def _of_code(words: Words, depth: int) -> Iterator[bytes]:
    """The programs of `sh -c 'code'`; options may be bundled (`-ec`)."""
    for option, code in itertools.pairwise(words):
        if option and code and re.fullmatch(rb"-\w*c", option):
            yield from _of_text(code, depth)
            return


def _of_text(code: bytes, depth: int) -> Iterator[bytes]:
    for words in parse_script(code).commands:
        yield from _programs(words, depth + 1)


def _of_find(words: Words, depth: int) -> Iterator[bytes]:
    for i, word in enumerate(words):
        if word in (b"-exec", b"-execdir", b"-ok"):
            yield from _programs(words[i + 1 :], depth + 1)


def _wrapped(words: Words, wrapper: _Wrapper) -> Words:
    """The command that a wrapper is given: options, `NAME=value` and the wrapper's own words are skipped."""
    left, i = wrapper.positional, 1
    while i < len(words):
        word = words[i]
        if word and word.startswith(b"-"):
            i += 2 if len(word) == 2 and word[1:] in wrapper.valued and word != b"--" else 1
        elif word and re.match(rb"\w+=", word):
            i += 1
        elif left:
            left, i = left - 1, i + 1
        else:
            return words[i:]
    return ()
