"""RUN109 pipe-without-pipefail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from jettison.lint.bases import Distro
from jettison.lint.build import Build
from jettison.lint.fix import Applicability, Edit, Fix, Scope, insert
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._script import descendants, own
from jettison.lint.script import Script
from jettison.lint.syntax import Instruction

_NEVER_FAIL: Final = frozenset({"echo", "printf", "yes", "true", ":", "seq", "date", "env", "set", "uname"})
"""Programs whose failure at the left of a pipe is nothing to wait for (and `yes` always ends by a signal)."""
_FILTERS: Final = frozenset(
    {"cut", "tr", "sed", "awk", "head", "tail", "sort", "uniq", "tee", "wc", "rev", "tac"}
)
"""Programs that pass on what they get; in the middle of a pipe nothing is lost with them."""
_SETS: Final = re.compile(r"\b(?:set|shopt)\s[^;&|\n]*\bpipefail\b")


class PipeWithoutPipefail(Rule):
    r"""Flags a pipe whose failures are lost, because the shell does not set `pipefail`.

    ## What it does
    Looks for pipes in RUN whose left side can fail, where neither SHELL, nor the `bash -o pipefail` around
    it, nor a `set -o pipefail` before it makes the pipe fail with it. Pipes from `echo` and its like, pipes
    in conditions and in arguments, where no setting would help, and those with `|| true` are left alone.

    ## Why is this bad?
    A pipe succeeds when its last command does. `curl … | tar xz` may see half an archive, and
    `wget -O- … | sh` an empty one, and the build goes on with what came.

    ## Example
    ```dockerfile
    RUN curl -fsSL https://example.org/a.tar.gz | tar xz
    ```

    ## Use instead
    ```dockerfile
    SHELL ["/bin/bash", "-o", "pipefail", "-c"]
    RUN curl -fsSL https://example.org/a.tar.gz | tar xz
    ```

    ## When to ignore
    When the left side may fail, or is cut off (`… | head -1`).

    ## Fix safety
    Unsafe: a failure that was hidden now stops the build, and so does a program whose output is cut off.
    Where the shell of the base knows `pipefail` it is set in the script, else SHELL becomes bash.

    ## Sources
    - hadolint DL4006, KICS "Shell Running A Pipe Without Pipefail Flag"
    - bash(1), "Pipelines"; dash(1) has no such option before 0.5.13
    """

    code = "RUN109"
    name = "pipe-without-pipefail"
    severity = Severity.WARNING
    aliases = ("DL4006",)
    fixable = Applicability.UNSAFE
    keywords = frozenset({"RUN"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """The first pipe of each script that hides a failure."""
        for script in _scripts(node, context.build):
            if "|" not in script.text.text or script.tree is None or script.shell.sets("pipefail"):
                continue
            pipe = next((item for item in descendants(script.tree.root_node) if _hides(item, script)), None)
            if pipe is None:
                continue
            left = next(_program(item, script) for item in _lefts(pipe) if _loses(item, script))
            subject = f"`{left}`" if left else "the left side"
            message = f"a failure of {subject} is lost in the pipe: the shell does not set `pipefail`"
            yield self.at(script.span_of(_bar(pipe)), message, fix=_fix(script, node, context))


def _scripts(node: Instruction, build: Build) -> list[Script]:
    """The scripts of an instruction with those nested in it, each once."""
    found = list(build.scripts(node))
    for command in build.commands(node):
        if command.script is not None and all(command.script is not item for item in found):
            found.append(command.script)
    return found


def _bar(pipe: Node) -> Node:
    return next(child for child in pipe.children if child.type in ("|", "|&"))


def _hides(node: Node, script: Script) -> bool:
    if node.type != "pipeline" or (node.parent is not None and node.parent.type == "pipeline"):
        return False
    if not any(_loses(item, script) for item in _lefts(node)) or _tested(node) or _tolerated(node, script):
        return False
    if re.match(r"\S*sum\s+(?:\S+\s+)*(?:-\w*c\b|--check)", script.text_of(node.children[-1])):
        return False  # an empty list of checksums is a failure of its own
    return not _SETS.search(script.text.text[: script.range_of(node)[0]])


def _lefts(pipe: Node) -> list[Node]:
    return [child for child in pipe.children if child.is_named][:-1]


def _loses(node: Node, script: Script) -> bool:
    """Whether a failure of a part of a pipe would be news."""
    if node.type in ("compound_statement", "subshell"):
        return any(_loses(child, script) for child in node.children if child.is_named)
    is_first = node.prev_sibling is None or node.parent is None or node.parent.type != "pipeline"
    return _program(node, script) not in (_NEVER_FAIL if is_first else _NEVER_FAIL | _FILTERS)


def _program(node: Node, script: Script) -> str:
    while node.type == "redirected_statement" and node.children:
        node = node.children[0]
    words = script.text_of(node).split()
    return words[0] if words and node.type == "command" else ""


def _tested(node: Node) -> bool:
    """Whether the outcome is asked for, or belongs to an argument."""
    child, parent = node, node.parent
    while parent is not None:
        if parent.type in (
            "if_statement",
            "while_statement",
            "elif_clause",
        ) and child in parent.children_by_field_name("condition"):
            return True
        if parent.type == "negated_command":
            return True
        if parent.type in ("command_substitution", "process_substitution"):
            outer = parent.parent
            return (
                outer is None
                or outer.type != "variable_assignment"
                or (outer.parent is not None and outer.parent.type in ("declaration_command", "command"))
            )
        child, parent = parent, parent.parent
    return False


def _tolerated(node: Node, script: Script) -> bool:
    """Whether `||` follows with something that lets the build go on."""
    after = node.next_sibling
    if after is None or after.type != "||" or after.next_sibling is None:
        return False
    return _program(after.next_sibling, script) in ("true", ":", "echo", "exit")


def _fix(script: Script, node: Instruction, context: Context) -> Fix | None:
    if not script.exact or node.index < 0:
        return None
    if script.shell.dialect.has_pipefail:
        return Fix("set pipefail", (_setting(script),), Applicability.UNSAFE)
    stage = context.build.stage_of(node)
    if (
        script.wrappers
        or script.heredoc
        or stage is None
        or stage.distro not in (Distro.DEBIAN, Distro.UBUNTU)
    ):
        return None
    line = f'SHELL ["/bin/bash", "-o", "pipefail", "-c"]{context.source.newline}'
    return Fix("use bash with pipefail", (insert(node.span.start, line),), Applicability.UNSAFE, Scope.CONFIG)


def _setting(script: Script) -> Edit:
    first = own(script)[:1]
    if (
        first
        and first[0].name == "set"
        and first[0].words
        and re.fullmatch(r"-[a-z]*e[a-z]*", first[0].words[0])
    ):
        return insert(first[0].span.end, " -o pipefail")
    return insert(script.text.at(0), "set -o pipefail\n" if script.heredoc else "set -o pipefail && ")
