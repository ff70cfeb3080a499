"""The shape of a script: its statements, what it starts in the background, where it ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from jettison.lint.build import Build
from jettison.lint.command import Command, Scope
from jettison.lint.fix import Edit, delete
from jettison.lint.script import Script
from jettison.lint.source import Span
from jettison.lint.syntax import Instruction

INNER = frozenset({Scope.SUBSHELL, Scope.SUBSTITUTION, Scope.FUNCTION})
"""Places whose working directory and variables are not those of the script."""


def statements(script: Script) -> list[Node]:
    """The statements at the top of a script, those of `a && b || c` one by one."""
    if script.tree is None:
        return []
    return list(_statements(script.tree.root_node))


def _statements(node: Node) -> Iterator[Node]:
    for child in node.children:
        if child.type == "list":
            yield from _statements(child)
        elif child.is_named and child.type != "comment":
            yield child


def descendants(node: Node) -> Iterator[Node]:
    """All nodes below a node, in the order of the text."""
    waiting = list(reversed(node.children))
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(current.children))


def is_chain(script: Script) -> bool:
    """Whether the script is one command, or commands joined by `&&` alone, so that it fails where any fails
    and can be joined to another."""
    if script.tree is None or script.tree.root_node.has_error:
        return False
    children = script.tree.root_node.children
    return len(children) == 1 and _is_chain(children[0])


def _is_chain(node: Node) -> bool:
    if node.type == "list":
        return all(child.type == "&&" or _is_chain(child) for child in node.children)
    return node.is_named and node.type != "comment"


_AMPERSAND: Final = re.compile(r"(?<![&<>|])&(?![&>])")


def background(script: Script) -> list[Span]:
    """The places of `&` behind a command that the script does not wait for."""
    if not _AMPERSAND.search(script.text.text) or script.tree is None:
        return []
    return [
        script.span_of(node)
        for node in descendants(script.tree.root_node)
        if node.type == "&" and node.child_count == 0 and (node.parent is None or node.parent.is_named)
    ]


def own(script: Script) -> list[Command]:
    """The commands at the top of a script, wrapped ones not unfolded, in order."""
    return [
        command
        for command in script.commands
        if command.script is script and command.wrappers == script.wrappers and not command.scopes
    ]


def following(command: Command, build: Build) -> list[Command]:
    """The commands of the same instruction that stand behind one, its own inner commands left out."""
    commands = build.commands(command.instruction)
    index = next((place for place, item in enumerate(commands) if item is command), len(commands))
    return [item for item in commands[index + 1 :] if not command.span.covers(item.span)]


def preceding(command: Command, build: Build) -> list[Command]:
    """The commands of the same instruction that stand before one, those that it stands in left out."""
    found: list[Command] = []
    for item in build.commands(command.instruction):
        if item is command:
            break
        if not item.span.covers(command.span):
            found.append(item)
    return found


_JOINT: Final = re.compile(r"\s*(?:&&|;|\n)\s*(?=\S)")


def index_of(script: Script, offset: int) -> int | None:
    """The index in a script of the character at a source offset; None if it is not of the script."""
    index = 0
    for piece in script.text.pieces():
        if piece.offset <= offset < piece.offset + len(piece.text):
            return index + offset - piece.offset
        index += len(piece.text)
    return None


def joint_end(command: Command) -> int | None:
    """The index in the script behind the `&&`, `;` or line break that follows a command without
    redirections; None if nothing follows it."""
    last = None if command.script is None else index_of(command.script, command.span.end - 1)
    if command.script is None or last is None:
        return None
    match = _JOINT.match(command.script.text.text, last + 1)
    return match.end() if match else None


def removal(command: Command) -> Edit | None:
    """The edit that takes a command out of the script in which it is one of several joined by `&&`; None if
    more than that command would change."""
    script = command.script
    if script is None or not command.editable or command.wrappers or command.scopes or command.redirects:
        return None
    if command.piped_from is not None or command.piped_into is not None or "||" in script.text.text:
        return None
    end = joint_end(command)
    if end is not None and command.operator in ("", "&&", ";"):
        return delete(Span(command.span.start, script.text.at(end)))
    start, last = index_of(script, command.span.start), index_of(script, command.span.end - 1)
    if start is None or last is None or script.text.text[last + 1 :].strip():
        return None
    lead = script.text.text[:start].rstrip()
    if not lead.endswith(("&&", ";")):
        return None
    place = len(lead.removesuffix(";").removesuffix("&&").rstrip())
    return delete(Span(script.text.at(place), command.span.end))


def next_instruction(node: Instruction, build: Build) -> Instruction | None:
    """The instruction behind one in the same stage."""
    stage = build.stage_of(node)
    if stage is None:
        return None
    index = next((place for place, item in enumerate(stage.instructions) if item is node), None)
    return None if index is None else next(iter(stage.instructions[index + 1 : index + 2]), None)
