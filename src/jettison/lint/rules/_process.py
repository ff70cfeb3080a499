"""Process 1: what ENTRYPOINT and CMD of a stage start, and how."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tree_sitter import Node

from jettison.lint.bases import Distro
from jettison.lint.build import Build, Stage
from jettison.lint.command import Command
from jettison.lint.rule import Context
from jettison.lint.rules._script import background, descendants
from jettison.lint.script import Script
from jettison.lint.source import Span
from jettison.lint.syntax import Instruction, ShellOrExec

INITS: Final = frozenset({"tini", "dumb-init", "catatonit", "s6-svscan", "s6-init", "init", "docker-init"})
"""Programs that pass signals on and collect orphans."""
SUPERVISORS: Final = frozenset(
    {"supervisord", "s6-svscan", "runsvdir", "runit", "monit", "circusd", "pm2-runtime", "pm2"}
)
_OPAQUE: Final = frozenset(
    {"if_statement", "case_statement", "while_statement", "for_statement", "function_definition"}
)


def starters(stage: Stage) -> Iterator[ShellOrExec]:
    """The ENTRYPOINT and CMD that a container of the stage starts with. CMD of a stage below an ENTRYPOINT
    does not count: the engine resets it."""
    for keyword in ("ENTRYPOINT", "CMD"):
        node = stage.effective(keyword)
        if isinstance(node, ShellOrExec):
            yield node


def runs_arguments(entry: ShellOrExec) -> bool:
    """Whether an ENTRYPOINT runs what CMD hands over, as entry scripts, inits and `env` do."""
    last = entry.exec[-1].text if entry.exec else ""
    return last == "--" or last.endswith((".sh", "entrypoint", "tini", "dumb-init", "env", "exec", "gosu"))


def is_windows(stage: Stage) -> bool:
    """Whether the stage is a Windows image, where there is no process 1 of this kind."""
    return stage.distro is Distro.WINDOWS


def program(stage: Stage, build: Build) -> Command | None:
    """The program that becomes process 1, wrappers such as `exec` and `tini --` looked through; None if it is
    not known, or decided by an ENTRYPOINT of the base."""
    entry, command = stage.effective("ENTRYPOINT"), stage.effective("CMD")
    node = entry if entry is not None else command
    if node is None:
        return None
    found = build.commands(node)
    if entry is not None and command is not None and found and found[0].name in INITS and len(found) == 1:
        found = build.commands(command)
    return found[-1] if found and not _several(node, build) else None


def _several(node: Instruction, build: Build) -> bool:
    """Whether a script starts more than one program one after the other."""
    scripts = {id(command.script) for command in build.commands(node) if command.script is not None}
    tops = [command for command in build.commands(node) if not command.wrappers]
    return len(scripts) > 1 or len(tops) > 1


def has_init(stage: Stage, build: Build) -> bool:
    """Whether ENTRYPOINT or CMD name an init."""
    return any(
        command.name in INITS | SUPERVISORS for node in starters(stage) for command in build.commands(node)
    )


def shell_scripts(node: Instruction, build: Build) -> list[Script]:
    """The scripts of ENTRYPOINT or CMD: in the shell form, and behind `sh -c` of the exec form."""
    found = list(build.scripts(node))
    for command in build.commands(node):
        if command.script is not None and all(command.script is not item for item in found):
            found.append(command.script)
    return found


@dataclass(frozen=True, slots=True)
class Ending:
    """The last statement of a script: its place, and whether `exec` may be put before it."""

    span: Span
    simple: bool


def ending(script: Script) -> Ending | None:
    """What stays in front when the script waits for its last statement; None if that is replaced by `exec`,
    is no program, or cannot be told."""
    if script.tree is None or script.tree.root_node.has_error or not script.tree.root_node.named_children:
        return None
    node: Node = [child for child in script.tree.root_node.named_children if child.type != "comment"][-1]
    while node.type in ("list", "redirected_statement"):
        node = node.named_children[-1] if node.type == "list" else node.named_children[0]
    if node.type in _OPAQUE or node.type not in ("command", "pipeline", "compound_statement", "subshell"):
        return None
    if any(_is_exec(item, script) for item in descendants(node)) or _is_exec(node, script):
        return None
    if node.type == "command" and script.text_of(node).split()[0] in _SHORT:
        return None
    end = script.span_of(node).end
    simple = node.type == "command" and not any(place.start >= end for place in background(script))
    return Ending(script.span_of(node), simple and node.children[0].type == "command_name")


_SHORT: Final = frozenset({"wait", "exit", "return", "true", ":", "echo", "set", "cd", "exec"})
"""Statements behind which no program runs on."""


def _is_exec(node: Node, script: Script) -> bool:
    return node.type == "command_name" and script.text_of(node) == "exec"


def target_stage(stage: Stage, context: Context) -> bool:
    """Whether a stage is the one that is run, and not a Windows image."""
    return stage is context.build.target and not is_windows(stage)
