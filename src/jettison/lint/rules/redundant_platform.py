"""BAS108 redundant-platform."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.fix import Applicability, Fix, Scope, delete
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.source import Span
from jettison.lint.syntax import From, Instruction


class RedundantPlatform(Rule):
    """Flags `FROM --platform=$TARGETPLATFORM`.

    ## What it does
    Looks for the platform that FROM takes anyhow.

    ## Why is this bad?
    It does nothing, and readers look for what it does.

    ## Example
    ```dockerfile
    FROM --platform=$TARGETPLATFORM debian:12.5
    ```

    ## Use instead
    ```dockerfile
    FROM debian:12.5
    ```

    ## When to ignore
    Never; the fix is free.

    ## Fix safety
    Safe: the target's platform is the default.

    ## Sources
    - hadolint DL3065, BuildKit RedundantTargetPlatform
    """

    code = "BAS108"
    name = "redundant-platform"
    severity = Severity.STYLE
    aliases = ("DL3065", "RedundantTargetPlatform")
    fixable = Applicability.SAFE
    keywords = frozenset({"FROM"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """The default, said once more."""
        flag = node.flag("platform")
        if flag is None or flag.value not in ("$TARGETPLATFORM", "${TARGETPLATFORM}"):
            return
        if not isinstance(node, From) or node.image is None:
            return
        edits = (delete(Span(flag.span.start, node.image.span.start)),)
        fix = Fix("remove it", edits, scope=Scope.CONFIG)
        message = "the target's platform is what FROM takes anyhow"
        yield self.at(flag.span, message, fix=fix if len(node.flags) == 1 else None)
