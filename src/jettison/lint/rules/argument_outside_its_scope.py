"""VAR103 argument-outside-its-scope."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import PLATFORM_ARGS, Stage
from jettison.lint.fix import Applicability, Fix, Scope, insert
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._variables import global_arguments, inherited, uses


class ArgumentOutsideItsScope(Rule):
    """Flags the use of an argument that the stage does not declare.

    ## What it does
    Looks in every stage for arguments that are declared before the first FROM only, or in another stage
    only, and for those of the platform (`TARGETARCH`), used without an ARG of their own.

    ## Why is this bad?
    An argument declared before FROM holds for FROM lines, one declared in a stage for that stage. Elsewhere
    it is empty, without a word from the builder.

    ## Example
    ```dockerfile
    ARG RELEASE=1.2
    FROM debian:12.5
    LABEL version=$RELEASE
    ```

    ## Use instead
    ```dockerfile
    ARG RELEASE=1.2
    FROM debian:12.5
    ARG RELEASE
    LABEL version=$RELEASE
    ```

    ## When to ignore
    When the base image sets a variable of that name.

    ## Fix safety
    Unsafe: the variable gets a value that it did not have. ARG is put before the first use.

    ## Sources
    - BuildKit UndefinedVar
    - Dockerfile reference, "Understand how ARG and FROM interact"
    """

    code = "VAR103"
    name = "argument-outside-its-scope"
    severity = Severity.WARNING
    aliases = ("UndefinedVar",)
    fixable = Applicability.UNSAFE

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """The first use of each such argument in the stage."""
        outside = global_arguments(context).keys() | PLATFORM_ARGS
        seen: set[str] = set()
        for node in stage.instructions:
            declared = context.build.state(node).declared
            for use in uses(node, context.build):
                if use.name not in outside - seen - declared or use.has_default or node.index < 0:
                    continue
                if use.name not in PLATFORM_ARGS and inherited(use.name, stage):
                    continue
                seen.add(use.name)
                line = f"ARG {use.name}{context.source.newline}"
                fix = Fix("declare it", (insert(node.span.start, line),), Applicability.UNSAFE, Scope.CONFIG)
                message = f"`{use.name}` is empty here: this stage has no `ARG {use.name}`"
                yield self.at(use.span, message, fix=fix)
