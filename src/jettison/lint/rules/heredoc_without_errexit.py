"""RUN111 heredoc-without-errexit."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from jettison.lint.fix import Applicability, Fix, insert
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._script import own
from jettison.lint.script import Script
from jettison.lint.syntax import Instruction


class HeredocWithoutErrexit(Rule):
    """Flags a here-document of several commands that goes on after a failure.

    ## What it does
    Looks for `RUN <<EOF` and `RUN bash <<EOF` whose script has more than one statement and neither `set -e`
    as its first, nor `-e` in SHELL, the shebang or the options of the shell.

    ## Why is this bad?
    Only the last command decides whether the instruction failed. A download or a compilation that breaks
    in the middle gives an image that is finished, tagged and wrong.

    ## Example
    ```dockerfile
    RUN <<EOF
    make
    make install
    EOF
    ```

    ## Use instead
    ```dockerfile
    RUN <<EOF
    set -e
    make
    make install
    EOF
    ```

    ## When to ignore
    When the script handles its failures itself.

    ## Fix safety
    Unsafe: a failure that was passed over now stops the build, which is the purpose.

    ## Sources
    - hadolint issue "errexit in here-documents"; Dockerfile reference, here-documents
    - POSIX, `set -e`
    """

    code = "RUN111"
    name = "heredoc-without-errexit"
    severity = Severity.WARNING
    fixable = Applicability.UNSAFE
    keywords = frozenset({"RUN"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Scripts in here-documents, those on the input of a shell too."""
        seen: list[Script] = []
        for script in (
            *context.build.scripts(node),
            *(item.script for item in context.build.commands(node) if item.script is not None),
        ):
            if script in seen or not script.heredoc:
                continue
            seen.append(script)
            if _goes_on(script):
                place = script.span_of(_statements(script)[0])
                message = "this here-document goes on after a failure; only its last command counts"
                yield self.at(place, message, fix=_fix(script, context))


def _statements(script: Script) -> list[Node]:
    if script.tree is None:
        return []
    return [child for child in script.tree.root_node.children if child.is_named and child.type != "comment"]


def _goes_on(script: Script) -> bool:
    found = _statements(script)
    if len(found) < 2 or script.shell.sets("errexit"):
        return False
    commands = own(script)
    head = commands[0] if commands else None
    return head is None or head.name != "set" or not (head.has("-e") or "errexit" in head.words)


def _fix(script: Script, context: Context) -> Fix | None:
    if not script.exact:
        return None
    text = script.text.text
    start = text.find("\n") + 1 if text.startswith("#!") else 0
    edit = insert(script.text.at(start), f"set -e{context.source.newline}")
    return Fix("add set -e", (edit,), Applicability.UNSAFE)
