"""BAS110 deprecated-image."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._images import DEPRECATED, base_of, official
from jettison.lint.syntax import From, Instruction


class DeprecatedImage(Rule):
    """Flags Docker official images that are no longer built.

    ## What it does
    Compares the base image with the official images that Docker Hub marks as deprecated, such as `openjdk`,
    `centos` and `consul`.

    ## Why is this bad?
    Its tags stay as they are: no new versions, no repairs of the system below.

    ## Example
    ```dockerfile
    FROM openjdk:17.0.2-slim
    ```

    ## Use instead
    ```dockerfile
    FROM eclipse-temurin:17.0.11_9-jre-jammy
    ```

    ## When to ignore
    When the image is on its way out too.

    ## Sources
    - the pages of the images on Docker Hub
    """

    code = "BAS110"
    name = "deprecated-image"
    severity = Severity.WARNING
    keywords = frozenset({"FROM"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """An image of the list."""
        base = base_of(node, context)
        instead = DEPRECATED.get(official(base) or "") if base is not None else None
        if base is not None and instead is not None and isinstance(node, From) and node.image is not None:
            yield self.at(node.image.span, f"`{base.name}` is no longer built; its page names {instead}")
