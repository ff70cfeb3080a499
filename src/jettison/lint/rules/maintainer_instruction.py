"""MET101 maintainer-instruction."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.fix import Applicability, Fix, Scope, replace
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.source import Span
from jettison.lint.syntax import Instruction


class MaintainerInstruction(Rule):
    """Flags MAINTAINER.

    ## What it does
    Looks for the instruction that LABEL has replaced.

    ## Why is this bad?
    MAINTAINER has been deprecated since 2017; it can hold one name only, and OCI tools do not show it.

    ## Example
    ```dockerfile
    MAINTAINER Team Web <web@example.org>
    ```

    ## Use instead
    ```dockerfile
    LABEL org.opencontainers.image.authors="Team Web <web@example.org>"
    ```

    ## When to ignore
    Never.

    ## Fix safety
    Safe: the same text, in the label that OCI defines for it.

    ## Sources
    - hadolint DL4000, BuildKit MaintainerDeprecated, trivy DS-0022, checkov CKV_DOCKER_6, slim ID.20008
    """

    code = "MET101"
    name = "maintainer-instruction"
    severity = Severity.WARNING
    aliases = ("DL4000", "MaintainerDeprecated", "DS-0022", "DS022", "CKV_DOCKER_6", "ID.20008")
    fixable = Applicability.SAFE
    keywords = frozenset({"MAINTAINER"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """The instruction wherever it stands."""
        yield self.at(node.span, "MAINTAINER is deprecated: a label says the same", fix=_fix(node, context))


def _fix(node: Instruction, context: Context) -> Fix | None:
    text = node.arguments.text
    if (
        node.index < 0
        or context.build.stage_of(node) is None
        or not text
        or "\n" in context.source.slice(node.span)
    ):
        return None
    plain = text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text
    if any(char in plain for char in ("$", '"', context.dockerfile.escape)):
        return None
    keyword = "label" if context.source.slice(node.keyword_span).islower() else "LABEL"
    edit = replace(
        Span(node.span.start, node.span.end), f'{keyword} org.opencontainers.image.authors="{plain}"'
    )
    return Fix("use a label", (edit,), scope=Scope.CONFIG)
