"""MET103 repeated-entrypoint."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.fix import Applicability
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._repeated import removals


class RepeatedEntrypoint(Rule):
    """Flags ENTRYPOINT that a later ENTRYPOINT of the same stage replaces.

    ## What it does
    Looks for several ENTRYPOINT in one stage.

    ## Why is this bad?
    Only the last one counts; the others do nothing and look as if they did.

    ## Example
    ```dockerfile
    ENTRYPOINT ["debug"]
    ENTRYPOINT ["server"]
    ```

    ## Use instead
    ```dockerfile
    ENTRYPOINT ["server"]
    ```

    ## When to ignore
    Never.

    ## Fix safety
    Safe: what is removed had no effect.

    ## Sources
    - hadolint DL4004, BuildKit MultipleInstructionsDisallowed, trivy DS-0007, slim ID.20010
    - Dockerfile reference, ENTRYPOINT
    """

    code = "MET103"
    name = "repeated-entrypoint"
    severity = Severity.ERROR
    aliases = ("DL4004", "MultipleInstructionsDisallowed", "DS-0007", "DS007", "ID.20010")
    fixable = Applicability.SAFE

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """All but the last."""
        for node, fix in removals(stage, "ENTRYPOINT", context):
            yield self.at(node.keyword_span, "a later ENTRYPOINT of this stage replaces this one", fix=fix)
