"""STG106 unreferenced-stage."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.rule import Context, Finding, Rule, Severity


class UnreferencedStage(Rule):
    """Flags named stages that the result does not need.

    ## What it does
    Follows FROM, COPY --from and RUN --mount from the target (the last stage, or `target` in the
    configuration) and reports the stages that are not reached. Optional: such a stage may be a target of
    its own, as `test` or `debug` are.

    ## Why is this bad?
    BuildKit skips the stage, so nobody notices when it no longer builds.

    ## Example
    ```dockerfile
    FROM golang:1.22.4 AS tools
    FROM debian:12.5
    COPY server /usr/local/bin/
    ```

    ## Use instead
    ```dockerfile
    FROM debian:12.5
    COPY server /usr/local/bin/
    ```

    ## When to ignore
    For stages that are built with `--target`.

    ## Sources
    - Docker documentation, "Multi-stage builds"
    """

    code = "STG106"
    name = "unreferenced-stage"
    severity = Severity.INFO
    optional = True

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """A stage that the target does not need."""
        alias = stage.node.alias
        if alias is not None and not stage.used:
            yield self.at(alias.span, f"nothing that is built needs `{alias.text}`")
