"""Shell scripts in instructions: parsed with tree-sitter, unfolded into commands, all at their true
places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final

import tree_sitter_bash
from tree_sitter import Language, Node, Parser, Tree

from jettison.lint.command import Arg, Command, Redirect, Scope
from jettison.lint.lexer import Lexer, LexError, UnknownValueError
from jettison.lint.shell import Dialect, Shell
from jettison.lint.source import Mapped, Span
from jettison.lint.unfold import MAX_NESTING, Nested, inner_command, nested_script, stdin_script

if TYPE_CHECKING:
    from jettison.lint.syntax import Instruction, Word

_LANGUAGE: Final = Language(tree_sitter_bash.language())
_PARSER: Final = Parser(_LANGUAGE)
MAX_DEPTH: Final = 150
"""Nesting of syntax that is followed; what is deeper is hostile or generated, and not looked at."""

_SCOPES: Final = {
    "subshell": Scope.SUBSHELL,
    "for_statement": Scope.LOOP,
    "c_style_for_statement": Scope.LOOP,
    "while_statement": Scope.LOOP,
    "case_statement": Scope.BRANCH,
    "function_definition": Scope.FUNCTION,
}
_JOINTS: Final = frozenset({"&&", "||", ";", "&", "\n", "|", "|&", ";;"})
_REDIRECTS: Final = frozenset({"file_redirect", "heredoc_redirect", "herestring_redirect"})


class Script:
    """A script and the way back from it to the source.

    `text` is what the shell receives: continuation lines joined, comments between them gone. `exact`
    tells that each of its characters stands in the source as it is, so that a fix may edit there.
    """

    def __init__(
        self,
        text: Mapped,
        shell: Shell,
        instruction: Instruction,
        env: Mapping[str, str | None],
        *,
        exact: bool = True,
        wrappers: tuple[str, ...] = (),
        scopes: tuple[Scope, ...] = (),
        heredoc: bool = False,
    ) -> None:
        self.text = text
        self.shell = shell
        self.instruction = instruction
        self.env = env
        self.exact = exact
        self.wrappers = wrappers
        self.scopes = scopes
        self.heredoc = heredoc
        """Whether it is the body of a here-document."""
        self.assignments: list[tuple[str, Arg]] = []

    @cached_property
    def tree(self) -> Tree | None:
        """The syntax tree; None for shells that are not Bourne-like."""
        return _PARSER.parse(self._bytes) if self.shell.dialect.posix else None

    @cached_property
    def _bytes(self) -> bytes:
        return self.text.text.encode("utf-8", "replace")

    @cached_property
    def _indexes(self) -> list[int] | None:
        """The character index of each byte, or None if they are the same."""
        text = self.text.text
        if text.isascii():
            return None
        indexes: list[int] = []
        for index, char in enumerate(text):
            indexes.extend([index] * len(char.encode("utf-8", "replace")))
        return [*indexes, len(text)]

    def range_of(self, node: Node) -> tuple[int, int]:
        """The indexes of a node in the text."""
        if self._indexes is None:
            return node.start_byte, node.end_byte
        return self._indexes[node.start_byte], self._indexes[node.end_byte]

    def span_of(self, node: Node) -> Span:
        """Where a node stands in the source."""
        return self.text.span(*self.range_of(node))

    def text_of(self, node: Node) -> str:
        """The text of a node."""
        start, end = self.range_of(node)
        return self.text.text[start:end]

    @cached_property
    def commands(self) -> tuple[Command, ...]:
        """All commands as they are written, those of nested scripts behind the one that runs them."""
        if self.tree is None:
            return ()
        walker = _Walker(self)
        walker.walk(self.tree.root_node, self.scopes, 0)
        self.assignments = walker.assigned
        return tuple(walker.commands)


class _Walker:
    """One pass over a script that collects commands and follows assignments of constants."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.env: dict[str, str | None] = dict(script.env)
        self.commands: list[Command] = []
        self.assigned: list[tuple[str, Arg]] = []
        self.joint = ""

    def walk(self, node: Node, scopes: tuple[Scope, ...], depth: int) -> None:
        kind = node.type
        if depth > MAX_DEPTH:
            return
        if kind in _JOINTS:
            self.joint = ";" if kind in ("\n", "&", ";;") else kind
        elif kind == "command":
            self.command(node, scopes, depth)
        elif kind in ("variable_assignment", "declaration_command"):
            self.assignment(node, scopes, depth)
        elif kind == "redirected_statement":
            self.redirected(node, scopes, depth)
        elif kind in ("command_substitution", "process_substitution"):
            self.children(node, (*scopes, Scope.SUBSTITUTION), depth)
        elif kind == "pipeline":
            self.pipeline(node, scopes, depth)
        elif kind == "negated_command":
            before = len(self.commands)
            self.children(node, scopes, depth)
            for command in self.commands[before : before + 1]:
                command.negated = True
        elif kind in ("if_statement", "elif_clause", "else_clause", "while_statement"):
            self.branches(node, scopes, depth)
        else:
            scope = _SCOPES.get(kind)
            self.children(node, (*scopes, scope) if scope else scopes, depth)

    def children(self, node: Node, scopes: tuple[Scope, ...], depth: int) -> None:
        if node.child_count == 0:
            return
        for child in node.children:
            self.walk(child, scopes, depth + 1)

    def branches(self, node: Node, scopes: tuple[Scope, ...], depth: int) -> None:
        """Conditions and bodies of `if` and `while`."""
        body = Scope.LOOP if node.type == "while_statement" else Scope.BRANCH
        for index, child in enumerate(node.children):
            inner = Scope.CONDITION if node.field_name_for_child(index) == "condition" else body
            self.walk(child, (*scopes, inner), depth + 1)

    def pipeline(self, node: Node, scopes: tuple[Scope, ...], depth: int) -> None:
        """The commands of a pipeline, linked to each other."""
        previous: Command | None = None
        for child in node.children:
            before = len(self.commands)
            self.walk(child, scopes, depth + 1)
            added = [command for command in self.commands[before:] if self.own(command)]
            if not added:
                continue
            if previous is not None:
                _pipe(previous, added[0], self.commands[before:])
            previous = added[-1]

    def own(self, command: Command) -> bool:
        """Whether it is written in this script itself, not unfolded from another command."""
        return command.script is self.script and command.wrappers == self.script.wrappers

    def redirected(self, node: Node, scopes: tuple[Scope, ...], depth: int) -> None:
        """A statement with redirections: they belong to the last command of it."""
        before = len(self.commands)
        found: list[Redirect] = []
        args: list[Arg] = []
        for child in node.children:
            if child.type in _REDIRECTS:
                found.append(self.redirect(child, scopes, depth, args))
            else:
                self.walk(child, scopes, depth + 1)
        target = next((item for item in reversed(self.commands[before:]) if self.own(item)), None)
        if target is None:
            return
        target.redirects += tuple(found)
        target.statement = Span(target.statement.start, self.script.span_of(node).end)
        for item in self.commands[before:] if args else ():
            if item.script is self.script and item.scopes == target.scopes and target.span.covers(item.span):
                item.args += tuple(args)
        self.stdin_script(target, node)

    def redirect(self, node: Node, scopes: tuple[Scope, ...], depth: int, rest: list[Arg]) -> Redirect:
        """A redirection. The grammar makes words behind its file a part of it; they are arguments, and added
        to `rest`."""
        descriptor = operator = ""
        target: Arg | None = None
        for index, child in enumerate(node.children):
            if not child.is_named:
                operator = operator or child.type
            elif child.type in ("heredoc_start", "heredoc_body", "heredoc_end", "file_descriptor"):
                if child.type == "file_descriptor":
                    descriptor = self.script.text_of(child).removeprefix("1")
                elif child.type == "heredoc_start":
                    target = Arg(self.script.text_of(child), None, self.script.span_of(child))
            elif node.field_name_for_child(index) == "destination" or node.type == "herestring_redirect":
                words = self.args(child, scopes, depth)
                if target is None:
                    target, words = words[0], words[1:]
                rest.extend(words)
            else:
                self.walk(child, scopes, depth + 1)
        span = self.script.span_of(node)
        end = target.span.end if target is not None and rest else span.end
        return Redirect(descriptor + operator, target, Span(span.start, end))

    def stdin_script(self, command: Command, node: Node) -> None:
        """A shell that reads a here-document runs it."""
        body = next((found for found in _descend(node, 3) if found.type == "heredoc_body"), None)
        if body is None:
            return
        start, end = self.script.range_of(body)
        # The grammar leaves the leading blanks of a body out; they belong to it.
        start = self.script.text.text.rfind("\n", 0, start) + 1
        nested = stdin_script(command, self.script.text.slice(start, end))
        if nested is not None:
            self.commands.extend(_nested_commands(command, nested, self.env, heredoc=True))

    def command(self, node: Node, scopes: tuple[Scope, ...], depth: int) -> None:
        name: Arg | None = None
        args: list[Arg] = []
        assigned: list[tuple[str, Arg]] = []
        redirects: list[Redirect] = []
        joint = self.joint
        before = len(self.commands)
        for child in node.children:
            kind = child.type
            if kind == "command_name":
                inner = self.args(child.children[0] if child.child_count else child, scopes, depth)
                name, more = inner[0], inner[1:]
                args.extend(more)
            elif kind == "variable_assignment":
                assigned.extend(self.assign(child, scopes, depth, keep=False))
            elif kind in _REDIRECTS:
                redirects.append(self.redirect(child, scopes, depth, args))
            elif child.is_named or kind in ("==", "=~"):
                args.extend(self.args(child, scopes, depth))
        if name is None:
            return
        span = self.script.span_of(node)
        made = Command(
            name=(name.value or "").rpartition("/")[2],
            args=tuple(args),
            span=span,
            name_span=name.span,
            instruction=self.script.instruction,
            script=self.script,
            assignments=tuple(assigned),
            redirects=tuple(redirects),
            wrappers=self.script.wrappers,
            operator=joint,
            scopes=scopes,
            statement=span,
        )
        self.commands.insert(before, made)
        self.joint = ";"
        self.commands.extend(unfolded(made, self.env))
        if redirects:
            self.stdin_script(made, node)

    def assignment(self, node: Node, scopes: tuple[Scope, ...], depth: int) -> None:
        children = [node] if node.type == "variable_assignment" else node.children
        for child in children:
            if child.type == "variable_assignment":
                self.assigned.extend(self.assign(child, scopes, depth, keep=True))
            elif child.is_named:
                self.walk(child, scopes, depth + 1)

    def assign(
        self, node: Node, scopes: tuple[Scope, ...], depth: int, *, keep: bool
    ) -> list[tuple[str, Arg]]:
        name_node = node.child_by_field_name("name")
        value_node = node.child_by_field_name("value")
        if name_node is None:
            return []
        name = self.script.text_of(name_node)
        if value_node is None:
            value = Arg("", "", Span(self.script.span_of(node).end, self.script.span_of(node).end))
        else:
            value = self.value(value_node, scopes, depth)
        if keep:
            self.env[name] = None if scopes else value.value
        return [(name, value)]

    # --- values --

    def args(self, node: Node, scopes: tuple[Scope, ...], depth: int) -> list[Arg]:
        """The arguments that a word becomes: several where an unquoted variable holds several words."""
        arg = self.value(node, scopes, depth)
        if arg.value is None or arg.quoted or "$" not in arg.raw:
            return [arg]
        parts = arg.value.split()
        return [Arg(arg.raw, part, arg.span) for part in parts] or [arg]

    def value(self, node: Node, scopes: tuple[Scope, ...], depth: int) -> Arg:
        start, end = self.script.range_of(node)
        raw = self.script.text.text[start:end]
        span = self.script.text.span(start, end)
        if node.type == "word" and "\\" not in raw and "$" not in raw:
            return Arg(raw, raw, span, start=start, end=end)
        if node.child_count and node.type != "simple_expansion":
            self.substitutions(node, scopes, depth)
        quoted = node.type in ("string", "raw_string", "ansi_c_string")
        return Arg(raw, evaluate(raw, self.env), span, quoted, start, end)

    def substitutions(self, node: Node, scopes: tuple[Scope, ...], depth: int) -> None:
        """The commands inside `$(…)` of a word."""
        if node.type in ("command_substitution", "process_substitution"):
            saved, self.joint = self.joint, ""
            self.walk(node, scopes, depth + 1)
            self.joint = saved
        elif depth <= MAX_DEPTH:
            for child in node.children:
                if child.child_count:
                    self.substitutions(child, scopes, depth + 1)


def unfolded(command: Command, env: Mapping[str, str | None]) -> list[Command]:
    """The commands that `command` runs from its arguments, in order; empty if it wraps nothing that is
    known."""
    if len(command.wrappers) >= MAX_NESTING:
        return []
    nested = nested_script(command)
    if nested is not None:
        return _nested_commands(command, nested, env)
    inner = inner_command(command)
    return [] if inner is None else [inner, *unfolded(inner, env)]


def _nested_commands(
    command: Command, nested: Nested, env: Mapping[str, str | None], *, heredoc: bool = False
) -> list[Command]:
    shell = nested.shell or (command.script.shell if command.script else Shell(("/bin/sh", "-c"), Dialect.SH))
    script = Script(
        nested.text,
        shell,
        command.instruction,
        env,
        exact=nested.exact,
        wrappers=(*command.wrappers, nested.label),
        scopes=command.scopes,
        heredoc=heredoc,
    )
    made = list(script.commands)
    if made:
        made[0].operator = command.operator
    return made


def exec_commands(
    instruction: Instruction, words: Sequence[Word], env: Mapping[str, str | None]
) -> tuple[Command, ...]:
    """The command of an exec form, with what it wraps."""
    if not words:
        return ()
    args = [Arg(word.text, word.text, word.span, quoted=True) for word in words]
    span = Span(words[0].span.start, words[-1].span.end)
    made = Command(
        name=words[0].text.rpartition("/")[2],
        args=tuple(args[1:]),
        span=span,
        name_span=words[0].span,
        instruction=instruction,
        script=None,
        statement=span,
    )
    return (made, *unfolded(made, env))


def _pipe(previous: Command, outer: Command, following: list[Command]) -> None:
    previous.piped_into = outer
    for command in following:
        if command is outer or (command.script is outer.script and outer.span.covers(command.span)):
            command.piped_from = previous


def _descend(node: Node, depth: int) -> Iterator[Node]:
    for child in node.children:
        yield child
        if depth:
            yield from _descend(child, depth - 1)


_SPECIAL: Final = re.compile(r"[\\'\"$`]")
_DOUBLE_ESCAPES: Final = re.compile(r"\\([\\\"$`\n])")


def evaluate(raw: str, env: Mapping[str, str | None]) -> str | None:
    """What a word of a shell script becomes; None if that depends on what is not known."""
    if not _SPECIAL.search(raw):
        return raw
    if "`" in raw or "$(" in raw or "$'" in raw:
        return None
    try:
        result = Lexer(raw, env).read()
    except (LexError, UnknownValueError):
        return None
    return None if result.missing else result.text
