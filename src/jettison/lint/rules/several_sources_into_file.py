"""CTX112 several-sources-into-file."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.fix import Applicability, Fix, Scope, insert
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.syntax import Instruction, Transfer


class SeveralSourcesIntoFile(Rule):
    """Flags COPY of several files to something that is no folder.

    ## What it does
    Looks for COPY and ADD with several sources whose destination does not end with `/`.

    ## Why is this bad?
    The builder refuses it: several files cannot become one.

    ## Example
    ```dockerfile
    COPY package.json package-lock.json /srv
    ```

    ## Use instead
    ```dockerfile
    COPY package.json package-lock.json /srv/
    ```

    ## When to ignore
    Never.

    ## Fix safety
    Safe: without the `/` it does not build.

    ## Sources
    - hadolint DL3021, trivy DS-0011
    - Dockerfile reference, COPY
    """

    code = "CTX112"
    name = "several-sources-into-file"
    severity = Severity.ERROR
    aliases = ("DL3021", "DS-0011", "DS011")
    fixable = Applicability.SAFE
    keywords = frozenset({"ADD", "COPY"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """A destination that has to be a folder, and is not written as one."""
        if not isinstance(node, Transfer) or node.destination is None or len(node.sources) < 2:
            return
        text = context.build.expand(node.destination.text, node)
        if text is None or not text or text.endswith(("/", "\\", "/.")) or text in (".", ".."):
            return
        at = node.destination.span.end - (node.destination.text.endswith(('"', "'")) or node.json)
        fix = Fix("add /", (insert(at, "/"),), scope=Scope.CONFIG) if node.index >= 0 else None
        yield self.at(
            node.destination.span, "several files cannot become one: end the folder with `/`", fix=fix
        )
