"""BAS102 latest-tag."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._images import base_of
from jettison.lint.syntax import From, Instruction


class LatestTag(Rule):
    """Flags a base image with the tag `latest`.

    ## What it does
    Looks at the tag of every base image, with the defaults of arguments filled in. A digest behind the tag
    makes it harmless.

    ## Why is this bad?
    `latest` is what was pushed last. The same Dockerfile gives another system, another language version and
    other bugs next month.

    ## Example
    ```dockerfile
    FROM python:latest
    ```

    ## Use instead
    ```dockerfile
    FROM python:3.12.4-slim-bookworm
    ```

    ## When to ignore
    For images that are built on the same machine a moment before, and where the newest is meant.

    ## Sources
    - hadolint DL3007, slim ID.20006, trivy DS-0001, checkov CKV_DOCKER_7, dockle DKL-DI-0006
    """

    code = "BAS102"
    name = "latest-tag"
    severity = Severity.WARNING
    aliases = ("DL3007", "ID.20006", "DS-0001", "DS001", "CKV_DOCKER_7", "DKL-DI-0006")
    keywords = frozenset({"FROM"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """A base image that is whatever was pushed last."""
        base = base_of(node, context)
        if base is not None and base.tag == "latest" and not base.digest and isinstance(node, From):
            span = node.image.span if node.image is not None else node.span
            yield self.at(
                span, f"`{base.text}` is whatever was pushed last, so every build may get another image"
            )
