"""BAS107 constant-platform."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.fix import Applicability, Fix, Scope, delete
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.source import Span
from jettison.lint.syntax import From, Instruction


class ConstantPlatform(Rule):
    """Flags `FROM --platform=` with a fixed platform.

    ## What it does
    Looks for platforms without a variable. Silent for stages whose name says the platform (`AS arm64`),
    one of which is chosen by a variable.

    ## Why is this bad?
    `docker build --platform` has no effect any more: on another machine the image is emulated or does not
    start, and an image for several platforms holds the same one several times.

    ## Example
    ```dockerfile
    FROM --platform=linux/amd64 debian:12.5
    ```

    ## Use instead
    ```dockerfile
    FROM debian:12.5
    ```

    ## When to ignore
    When the software exists for one platform only.

    ## Fix safety
    Unsafe: the flag is removed, so the image is built for the platform that is asked for.

    ## Sources
    - hadolint DL3029, BuildKit FromPlatformFlagConstDisallowed
    """

    code = "BAS107"
    name = "constant-platform"
    severity = Severity.WARNING
    aliases = ("DL3029", "FromPlatformFlagConstDisallowed")
    fixable = Applicability.UNSAFE
    keywords = frozenset({"FROM"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """A platform that nobody can change."""
        flag = node.flag("platform")
        if flag is None or not flag.value or "$" in flag.value or not isinstance(node, From):
            return
        alias = node.alias.text.lower() if node.alias is not None else ""
        if any(part in alias for part in flag.value.lower().split("/") if part):
            return
        end = node.image.span.start if node.image is not None else flag.span.end
        edits = (delete(Span(flag.span.start, end)),)
        fix = Fix("remove the platform", edits, Applicability.UNSAFE, Scope.CONFIG)
        message = f"always `{flag.value}`, whatever platform is asked for"
        yield self.at(flag.span, message, fix=fix if len(node.flags) == 1 else None)
