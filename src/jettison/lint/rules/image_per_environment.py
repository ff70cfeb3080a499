"""SEC110 image-per-environment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.source import Span
from jettison.lint.syntax import Instruction, Transfer

_ENVIRONMENT: Final = re.compile(
    r"\A(?:\w+_)?(?:ENV|ENVIRONMENT|PROFILE|DEPLOY_TARGET|TIER|DEPLOYMENT)\Z|\A(?:BUILD_)?(?:APP|TARGET|RUN)_?ENV\Z",
    re.IGNORECASE,
)


class ImagePerEnvironment(Rule):
    """Flags files that are chosen by the name of an environment while the image is built.

    ## What it does
    Looks for COPY and ADD whose source holds a build argument such as `ENVIRONMENT`, `APP_ENV` or
    `PROFILE`: `COPY config/${ENVIRONMENT}.yml …`.

    ## Why is this bad?
    The image for production is another one than the image that was tested. Images are moved between
    environments; what differs is given when they start.

    ## Example
    ```dockerfile
    ARG ENVIRONMENT=staging
    COPY config/${ENVIRONMENT}.yml /etc/app/config.yml
    ```

    ## Use instead
    ```dockerfile
    COPY config/default.yml /etc/app/config.yml
    ```

    ## When to ignore
    When a build for one environment is wanted, as with static sites whose configuration is compiled in.

    ## Sources
    - The Twelve-Factor App, V "Build, release, run"
    """

    code = "SEC110"
    name = "image-per-environment"
    severity = Severity.INFO
    preview = True
    keywords = frozenset({"COPY", "ADD"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Sources whose name depends on an environment."""
        if not isinstance(node, Transfer) or node.flag("from") is not None or not context.ships(node):
            return
        for source in node.sources:
            for reference in context.build.references(source.text):
                if _ENVIRONMENT.match(reference.name):
                    start = source.span.start + reference.start
                    span = Span(start, start + reference.end - reference.start)
                    message = f"the image differs by `{reference.name}`, so what was tested is not what runs"
                    yield self.at(span, message)
