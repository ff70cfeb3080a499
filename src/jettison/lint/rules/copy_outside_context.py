"""CTX103 copy-outside-context."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.syntax import Instruction, Transfer


class CopyOutsideContext(Rule):
    """Flags COPY and ADD of something above the build context.

    ## What it does
    Looks for sources that start with `../`, or get there on their way.

    ## Why is this bad?
    The builder receives the context and nothing else. `../x` is taken from the root of the context, so the
    build stops with "not found", or takes another file of that name.

    ## Example
    ```dockerfile
    COPY ../shared/config.yml /etc/app/
    ```

    ## Use instead
    ```dockerfile
    COPY shared/config.yml /etc/app/
    ```

    ## When to ignore
    Never. Build from the folder above (`docker build -f app/Dockerfile .`), or name a second context with
    `--build-context`.

    ## Sources
    - Dockerfile reference, COPY; dockerfilelint "invalid source"
    """

    code = "CTX103"
    name = "copy-outside-context"
    severity = Severity.ERROR
    keywords = frozenset({"COPY", "ADD"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Sources that lead out."""
        if not isinstance(node, Transfer) or node.flag("from") is not None:
            return
        for source in node.sources:
            text = context.build.expand(source.text, node) or source.text
            if "://" not in text and posixpath.normpath(text).startswith("../"):
                message = f"`{text}` lies outside the build context, which is all that the builder gets"
                yield self.at(source.span, message)
