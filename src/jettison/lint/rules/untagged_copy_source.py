"""BAS112 untagged-copy-source."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.bases import parse_base
from jettison.lint.build import Stage
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._sources import is_image, origins


class UntaggedCopySource(Rule):
    """Flags `COPY --from` an image without a version.

    ## What it does
    Looks at the images that COPY --from and RUN --mount take files from: those without tag, and with the
    tag `latest`. A name without `/` may be a context that the call names, and is left alone.

    ## Why is this bad?
    The program that is copied is another one from one build to the next, as with FROM.

    ## Example
    ```dockerfile
    COPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/uv
    ```

    ## Use instead
    ```dockerfile
    COPY --from=ghcr.io/astral-sh/uv:0.4.20 /uv /bin/uv
    ```

    ## When to ignore
    For images that are built on the same machine a moment before.

    ## Sources
    - the same reason as hadolint DL3006 and DL3007, which look at FROM only
    """

    code = "BAS112"
    name = "untagged-copy-source"
    severity = Severity.WARNING

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """Images that are whatever was pushed last."""
        for origin in origins(stage, context):
            if origin.found is not None or origin.variable or not is_image(origin.name):
                continue
            base = parse_base(origin.name)
            if not base.digest and base.tag in (None, "latest"):
                yield self.at(origin.word.span, f"`{origin.name}` is whatever was pushed last")
