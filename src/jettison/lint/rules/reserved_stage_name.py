"""STG103 reserved-stage-name."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.rule import Context, Finding, Rule, Severity


class ReservedStageName(Rule):
    """Flags stages called `scratch` or `context`.

    ## What it does
    Looks for the two names that mean something else to the builder.

    ## Why is this bad?
    `FROM scratch` is the empty image and `context` the build context, whatever a stage is called: the stage
    cannot be reached by its name.

    ## Example
    ```dockerfile
    FROM debian:12.5 AS context
    ```

    ## Use instead
    ```dockerfile
    FROM debian:12.5 AS files
    ```

    ## When to ignore
    Never.

    ## Sources
    - hadolint DL3063, BuildKit ReservedStageName
    """

    code = "STG103"
    name = "reserved-stage-name"
    severity = Severity.ERROR
    aliases = ("DL3063", "ReservedStageName")

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """A stage with a name that the builder keeps for itself."""
        if stage.node.alias is not None and stage.name in ("scratch", "context"):
            yield self.at(stage.node.alias.span, f"`{stage.name}` means something else to the builder")
