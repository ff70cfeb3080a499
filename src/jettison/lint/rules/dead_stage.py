"""STG105 dead-stage."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.rule import Context, Finding, Rule, Severity


class DeadStage(Rule):
    """Flags a stage without a name that nothing uses.

    ## What it does
    Looks for FROM without AS, before the last one, whose files no COPY takes by number.

    ## Why is this bad?
    BuildKit skips the stage: what it installs is in no image. A second FROM does not add an image to the
    first; it begins anew.

    ## Example
    ```dockerfile
    FROM python:3.12.4
    RUN pip install flask==3.0.3
    FROM nginx:1.27.0
    COPY nginx.conf /etc/nginx/
    ```

    ## Use instead
    ```dockerfile
    FROM python:3.12.4 AS python
    RUN pip install --target /packages flask==3.0.3
    FROM nginx:1.27.0
    COPY nginx.conf /etc/nginx/
    COPY --from=python /packages /packages
    ```

    ## When to ignore
    When the stage is built by its number (`--target 0`).

    ## Sources
    - Docker documentation, "Multi-stage builds"
    """

    code = "STG105"
    name = "dead-stage"
    severity = Severity.WARNING

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """A stage that the target does not need, and that cannot be asked for by name."""
        if not stage.used and not stage.name and context.settings.target is None:
            yield self.at(stage.node.keyword_span, "nothing uses this stage, so it is never built")
