"""MET104 repeated-healthcheck."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.fix import Applicability
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._repeated import removals


class RepeatedHealthcheck(Rule):
    """Flags HEALTHCHECK that a later HEALTHCHECK of the same stage replaces.

    ## What it does
    Looks for several HEALTHCHECK in one stage.

    ## Why is this bad?
    Only the last one counts; the others do nothing and look as if they did.

    ## Example
    ```dockerfile
    HEALTHCHECK CMD ["one"]
    HEALTHCHECK CMD ["two"]
    ```

    ## Use instead
    ```dockerfile
    HEALTHCHECK CMD ["two"]
    ```

    ## When to ignore
    Never.

    ## Fix safety
    Safe: what is removed had no effect.

    ## Sources
    - hadolint DL3012, BuildKit MultipleInstructionsDisallowed, trivy DS-0023
    - Dockerfile reference, HEALTHCHECK
    """

    code = "MET104"
    name = "repeated-healthcheck"
    severity = Severity.ERROR
    aliases = ("DL3012", "MultipleInstructionsDisallowed", "DS-0023", "DS023")
    fixable = Applicability.SAFE

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """All but the last."""
        for node, fix in removals(stage, "HEALTHCHECK", context):
            yield self.at(node.keyword_span, "a later HEALTHCHECK of this stage replaces this one", fix=fix)
