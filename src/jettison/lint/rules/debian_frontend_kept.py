"""VAR113 debian-frontend-kept."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.fix import Applicability, Fix, Scope, replace
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.syntax import Instruction, KeyValue


class DebianFrontendKept(Rule):
    """Flags `ENV DEBIAN_FRONTEND`.

    ## What it does
    Looks in stages that ship for ENV that sets DEBIAN_FRONTEND and is not set back.

    ## Why is this bad?
    The variable stays in the image: whoever opens a shell in the container, or builds on the image, gets
    package tools that never ask. As ARG it holds for the build only.

    ## Example
    ```dockerfile
    ENV DEBIAN_FRONTEND=noninteractive
    ```

    ## Use instead
    ```dockerfile
    ARG DEBIAN_FRONTEND=noninteractive
    ```

    ## When to ignore
    For images in which packages are installed at run time.

    ## Fix safety
    Unsafe: containers and images built on this one no longer have the variable.

    ## Sources
    - Docker documentation, FAQ: "Why is DEBIAN_FRONTEND=noninteractive discouraged in Dockerfiles?"
    """

    code = "VAR113"
    name = "debian-frontend-kept"
    severity = Severity.INFO
    fixable = Applicability.UNSAFE
    keywords = frozenset({"ENV"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """The variable as part of the image."""
        stage = context.build.stage_of(node)
        if not isinstance(node, KeyValue) or stage is None or not stage.ships or node.index < 0:
            return
        end = context.build.target.envs if context.build.target is not None else {}
        for pair in node.pairs:
            if pair.key.text == "DEBIAN_FRONTEND" and end.get("DEBIAN_FRONTEND") == "noninteractive":
                edit = replace(node.keyword_span, "ARG")
                fix = Fix("use ARG", (edit,), Applicability.UNSAFE, Scope.CONFIG)
                alone = len(node.pairs) == 1 and not pair.legacy
                message = "this stays in the image, where people use its package tools"
                yield self.at(pair.key.span, message, fix=fix if alone else None)
