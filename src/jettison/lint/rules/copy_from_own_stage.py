"""STG108 copy-from-own-stage."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._sources import origins


class CopyFromOwnStage(Rule):
    """Flags `COPY --from` the stage that it stands in.

    ## What it does
    Compares the `from` of COPY and RUN --mount with the name and the number of their own stage.

    ## Why is this bad?
    A stage is not there before it is finished; the builder looks for an image of that name, or stops.

    ## Example
    ```dockerfile
    FROM debian:12.5 AS app
    COPY --from=app /etc/passwd /backup/
    ```

    ## Use instead
    ```dockerfile
    FROM debian:12.5 AS app
    RUN cp /etc/passwd /backup/
    ```

    ## When to ignore
    Never.

    ## Sources
    - hadolint DL3023, trivy DS-0006
    """

    code = "STG108"
    name = "copy-from-own-stage"
    severity = Severity.ERROR
    aliases = ("DL3023", "DS-0006", "DS006")

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """A `from` that means its own stage."""
        for origin in origins(stage, context):
            if origin.found is None and origin.name.lower() == stage.name != "":
                yield self.at(origin.word.span, "a stage cannot take files from itself")
