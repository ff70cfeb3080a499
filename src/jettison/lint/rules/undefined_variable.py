"""VAR102 undefined-variable."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from jettison.lint.build import PLATFORM_ARGS, PROXY_ARGS, Stage
from jettison.lint.fix import Applicability
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._variables import global_arguments, inherited, renamed, uses
from jettison.lint.syntax import From, Instruction


class UndefinedVariable(Rule):
    """Flags a variable that nothing sets.

    ## What it does
    Looks at the variables of ADD, COPY, ENV, EXPOSE, LABEL, USER, WORKDIR and so on. Reported are those
    whose name is nearly that of a declared one, and all that are not declared where the stage begins with
    `scratch`, which sets none. Any other variable may come from the base image.

    ## Why is this bad?
    The builder puts nothing in its place: a file lands in another folder, a version is empty.

    ## Example
    ```dockerfile
    ARG APP_HOME=/srv/app
    WORKDIR $APP_HOMR
    ```

    ## Use instead
    ```dockerfile
    ARG APP_HOME=/srv/app
    WORKDIR $APP_HOME
    ```

    ## When to ignore
    When the base image sets a variable of such a name.

    ## Fix safety
    Unsafe: the most similar variable may not be the one that was meant.

    ## Sources
    - BuildKit UndefinedVar
    """

    code = "VAR102"
    name = "undefined-variable"
    severity = Severity.WARNING
    aliases = ("UndefinedVar",)
    fixable = Applicability.UNSAFE

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Variables that are not declared where the instruction stands."""
        stage = context.build.stage_of(node)
        if stage is None or isinstance(node, From) or node.index < 0:
            return
        declared = context.build.state(node).declared
        elsewhere = global_arguments(context).keys() | PLATFORM_ARGS | PROXY_ARGS | {"PATH"}
        for use in uses(node, context.build):
            if (
                use.name in declared
                or use.name in elsewhere
                or use.has_default
                or not use.name.isidentifier()
            ):
                continue
            message = f"nothing sets `{use.name}`, so it is replaced by nothing"
            close = (
                [] if inherited(use.name, stage) else difflib.get_close_matches(use.name, declared, 1, 0.85)
            )
            if close and _typo(use.name, close[0]):
                message = f"nothing sets `{use.name}`; did you mean `{close[0]}`?"
                yield self.at(use.span, message, fix=renamed(use, close[0], context))
            elif _is_empty(stage):
                yield self.at(use.span, message)


def _typo(name: str, other: str) -> bool:
    """Whether two names differ by a slip of the pen, not by a number or a word of their own."""
    letters = [[char for char in text if not char.isdigit()] for text in (name, other)]
    return letters[0] != letters[1] and name.count("_") == other.count("_")


def _is_empty(stage: Stage) -> bool:
    base = stage.root.base
    return base is not None and base.name == "scratch"
