"""MET102 repeated-cmd."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.fix import Applicability
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._repeated import removals


class RepeatedCmd(Rule):
    """Flags CMD that a later CMD of the same stage replaces.

    ## What it does
    Looks for several CMD in one stage.

    ## Why is this bad?
    Only the last one counts; the others do nothing and look as if they did.

    ## Example
    ```dockerfile
    CMD ["debug"]
    CMD ["server"]
    ```

    ## Use instead
    ```dockerfile
    CMD ["server"]
    ```

    ## When to ignore
    Never.

    ## Fix safety
    Safe: what is removed had no effect.

    ## Sources
    - hadolint DL4003, BuildKit MultipleInstructionsDisallowed, trivy DS-0016, slim ID.20011
    - Dockerfile reference, CMD
    """

    code = "MET102"
    name = "repeated-cmd"
    severity = Severity.WARNING
    aliases = ("DL4003", "MultipleInstructionsDisallowed", "DS-0016", "DS016", "ID.20011")
    fixable = Applicability.SAFE

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """All but the last."""
        for node, fix in removals(stage, "CMD", context):
            yield self.at(node.keyword_span, "a later CMD of this stage replaces this one", fix=fix)
