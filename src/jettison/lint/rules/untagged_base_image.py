"""BAS101 untagged-base-image."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.syntax import From, Instruction


class UntaggedBaseImage(Rule):
    """Flags a base image without tag or digest.

    ## What it does
    Looks at the image of every FROM, with its build arguments filled in, for a tag or a digest. Other
    stages and `scratch` need none; a name that depends on an unknown argument is left alone.

    ## Why is this bad?
    Without a tag the builder takes `latest`: whatever that is on the day of the build. The same
    Dockerfile gives another system, another language version and other bugs next month.

    ## Example
    ```dockerfile
    FROM python
    ```

    ## Use instead
    ```dockerfile
    FROM python:3.12.4-slim-bookworm
    ```

    ## When to ignore
    For images that are built on the same machine a moment before and have no tag of their own.

    ## Sources
    - hadolint DL3006, slim ID.20006, trivy DS-0001, checkov CKV_DOCKER_7, CIS-DI 4.2
    """

    code = "BAS101"
    name = "untagged-base-image"
    severity = Severity.WARNING
    aliases = ("DL3006",)
    keywords = frozenset({"FROM"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """A base image by name alone."""
        stage = context.build.stage_of(node)
        if not isinstance(node, From) or node.image is None or stage is None or stage.base is None:
            return
        base = stage.base
        if base.tag or base.digest or base.name == "scratch" or "@" in base.text:
            return
        yield self.at(node.image.span, f"`{base.text}` has no tag, so every build may get another image")
