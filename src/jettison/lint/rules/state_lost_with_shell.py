"""RUN102 state-lost-with-shell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from jettison.lint.fix import Applicability, Fix, Scope, replace
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._script import statements
from jettison.lint.script import Script
from jettison.lint.syntax import Instruction

_SETTINGS: Final = re.compile(
    r"(?:activate|rc|profile|env|environment|setvars|vars|nvm|conda|sdkman-init|setup)(?:\.(?:ba|z)?sh)?\Z"
)
"""Files that are read for the variables they set, not for what they do."""


class StateLostWithShell(Rule):
    """Flags RUN that ends with something only its own shell remembers: `export`, `cd`, `source`.

    ## What it does
    Looks at the last commands of a RUN for `export`, an assignment, `cd`, `alias`, `umask`, `ulimit`, or
    `source` of a file with settings. Each RUN has a shell of its own, which ends with it.

    ## Why is this bad?
    It looks as if it set something for the rest of the build or for the container, and does nothing at
    all. The next RUN starts in WORKDIR again, with the variables of ENV and ARG.

    ## Example
    ```dockerfile
    RUN export APP_HOME=/srv/app
    ```

    ## Use instead
    ```dockerfile
    ENV APP_HOME=/srv/app
    ```

    ## When to ignore
    When the command is only a test that a file can be read.

    ## Fix safety
    Unsafe: `ENV` or `WORKDIR` takes effect, which the line did not do before.

    ## Sources
    - Dockerfile reference, RUN: "each instruction is run in a new container"
    - Dockerfile best practices, ENV
    """

    code = "RUN102"
    name = "state-lost-with-shell"
    severity = Severity.WARNING
    fixable = Applicability.UNSAFE
    keywords = frozenset({"RUN"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """The statements at the end of the script that nothing can see any more."""
        for script in context.build.scripts(node):
            found = statements(script)
            changed = any(_program(script, item) == "cd" for item in found[:-1])
            for place, item in reversed(list(enumerate(found))):
                kind = _kind(script, item)
                if kind is None or (kind == "cd" and changed):
                    break
                message = f"`{kind}` ends with the shell of this RUN; no later instruction sees it"
                fix = _fix(script, item, node) if place == 0 and len(found) == 1 else None
                yield self.at(script.span_of(item), message, fix=fix)


def _program(script: Script, node: Node) -> str:
    name = node.child_by_field_name("name") if node.type == "command" else None
    return "" if name is None else script.text_of(name)


def _kind(script: Script, node: Node) -> str | None:
    """What kind of setting a statement is; None if it does something that lasts."""
    text = script.text_of(node)
    if node.type == "declaration_command":
        return None if "$(" in text or "`" in text else text.split()[0]
    if node.type in ("variable_assignment", "variable_assignments"):
        return None if "$(" in text or "`" in text else f"{text.partition('=')[0]}="
    program = _program(script, node)
    words = text.split()
    if program in ("alias", "umask", "ulimit") and len(words) > 1:
        return program
    if program == "cd" and len(words) > 1 and words[1] not in ("-", "..", "/", "~"):
        return program
    if program in ("source", ".") and len(words) == 2 and _SETTINGS.search(words[1].strip("\"'")):
        return program
    return None


def _fix(script: Script, item: Node, node: Instruction) -> Fix | None:
    text = script.text_of(item)
    if not script.exact or script.wrappers or script.heredoc or node.flags or node.index < 0:
        return None
    if match := re.fullmatch(
        r"export\s+((?:[A-Za-z_]\w*=(?:[\w./:,@%+-]|\$\{?\w+\}?|\"[^\"\\`]*\")+\s*)+)", text
    ):
        return Fix(
            "use ENV", (replace(node.span, f"ENV {match[1].strip()}"),), Applicability.UNSAFE, Scope.CONFIG
        )
    if match := re.fullmatch(r"cd\s+([\w./-]+)", text):
        return Fix(
            "use WORKDIR", (replace(node.span, f"WORKDIR {match[1]}"),), Applicability.UNSAFE, Scope.CONFIG
        )
    return None
