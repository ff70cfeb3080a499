"""CTX111 whole-context-copied."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._context import whole
from jettison.lint.syntax import Instruction, Transfer


class WholeContextCopied(Rule):
    """Flags `COPY .` in a stage that ships.

    ## What it does
    Looks for COPY and ADD whose source is the whole build context, in stages whose layers are part of the
    result.

    ## Why is this bad?
    What the image holds then depends on what lies around on the machine that builds it. Naming what is
    copied (`COPY src package.json ./`) works without an ignore file.

    ## Example
    ```dockerfile
    COPY . /srv/app
    ```

    ## Use instead
    ```dockerfile
    COPY src /srv/app/src
    ```

    ## When to ignore
    With an ignore file that excludes everything (`*`) and brings back what is needed.

    ## Sources
    - hadolint issue 1199; droast
    """

    code = "CTX111"
    name = "whole-context-copied"
    severity = Severity.INFO
    optional = True
    keywords = frozenset({"COPY", "ADD"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """COPY of everything, unless the ignore file works the other way round."""
        if not isinstance(node, Transfer) or not context.ships(node):
            return
        word = whole(node, context.build)
        if word is None or (context.folder is not None and _names_all(context)):
            return
        yield self.at(word.span, "what the image holds depends on what lies around where it is built")


def _names_all(context: Context) -> bool:
    patterns = context.folder.patterns if context.folder is not None else []
    return any(pattern.text in ("*", "**", "**/*") for pattern in patterns)
