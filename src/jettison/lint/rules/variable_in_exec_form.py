"""VAR112 variable-in-exec-form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.syntax import Instruction, ShellOrExec


class VariableInExecForm(Rule):
    """Flags `$NAME` in the exec form, where nothing replaces it.

    ## What it does
    Looks for variables in the JSON form of CMD, ENTRYPOINT, HEALTHCHECK and RUN, unless the program is a
    shell, or one that is known to replace variables.

    ## Why is this bad?
    The exec form starts the program without a shell, and the builder does not replace variables there
    either: the program gets the characters `$PORT`.

    ## Example
    ```dockerfile
    CMD ["server", "--port", "$PORT"]
    ```

    ## Use instead
    ```dockerfile
    CMD ["sh", "-c", "exec server --port \\"$PORT\\""]
    ```

    ## When to ignore
    When the program or the entry point replaces variables itself.

    ## Sources
    - Dockerfile reference, "Exec form": "variable substitution"
    """

    code = "VAR112"
    name = "variable-in-exec-form"
    severity = Severity.WARNING
    keywords = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK", "RUN"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Arguments with a variable that reaches the program as it stands."""
        stage = context.build.stage_of(node)
        if not isinstance(node, ShellOrExec) or not node.exec or stage is None:
            return
        entry = stage.effective("ENTRYPOINT")
        if node.keyword == "CMD" and isinstance(entry, ShellOrExec):
            return  # the entry point decides what becomes of it
        words = [word.text for word in node.exec]
        if any(_EXPANDS.search(word) for word in words):
            return
        for word in node.exec:
            match = _VARIABLE.search(word.text)
            if match is not None:
                yield self.at(word.span, f"no shell replaces `{match[0]}`: the program gets it as it stands")


_VARIABLE: Final = re.compile(r"(?<![\\$])\$(?:\{[A-Za-z_]\w*[^}]*\}|[A-Za-z_]\w*)")
_EXPANDS: Final = re.compile(
    r"(?:\A|/)(?:ba|da|a|z|k|c|tc|fi)?sh\Z|(?:\A|[/\\])(?:cmd|powershell|pwsh|envsubst|perl|awk|tini|dumb-init|env)(?:\.exe)?\Z"
    r"|\.sh\Z|entrypoint",
    re.IGNORECASE,
)
"""Programs that replace variables, or hand on to others that do."""
