"""SYN111 trigger-refused."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.syntax import Instruction, Onbuild


class TriggerRefused(Rule):
    """Flags ONBUILD before FROM, MAINTAINER or ONBUILD.

    ## What it does
    Looks at the instruction that ONBUILD delays.

    ## Why is this bad?
    The builder refuses these three: a trigger cannot begin a stage or delay itself again.

    ## Example
    ```dockerfile
    ONBUILD FROM debian:12.5
    ```

    ## Use instead
    ```dockerfile
    ONBUILD RUN apt-get update
    ```

    ## When to ignore
    Never.

    ## Sources
    - hadolint DL3043; Dockerfile reference, ONBUILD
    """

    code = "SYN111"
    name = "trigger-refused"
    severity = Severity.ERROR
    aliases = ("DL3043",)
    keywords = frozenset({"ONBUILD"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """A trigger that the builder refuses."""
        trigger = node.trigger if isinstance(node, Onbuild) else None
        if trigger is not None and trigger.keyword in ("FROM", "MAINTAINER", "ONBUILD"):
            yield self.at(trigger.keyword_span, f"{trigger.keyword} cannot be delayed by ONBUILD")
