"""CCH104 volatile-variable-early."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.build import Stage
from jettison.lint.fix import Applicability, Fix, Scope, delete, insert
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._layers import whole_line
from jettison.lint.syntax import Instruction, KeyValue

_VOLATILE: Final = re.compile(
    r"(?:\w+_)?(?:BUILD_?(?:DATE|TIME|TIMESTAMP|NUMBER|NUM|ID|NO)|TIMESTAMP|(?:GIT|VCS|SOURCE)_?(?:SHA1?|COMMIT|HASH|REV"
    r"|REVISION|REF|BRANCH|DESCRIBE|TAG)|COMMIT(?:_?(?:SHA|HASH|ID|REF))?|CACHE_?BUST(?:ER)?|CI_\w+|GITHUB_\w+)\Z",
    re.IGNORECASE,
)


class VolatileVariableEarly(Rule):
    """Flags variables that change with every build and are set before instructions that do not need them.

    ## What it does
    Looks for ARG, ENV and LABEL with names such as `GIT_SHA`, `BUILD_DATE`, `CI_…` that stand before a RUN
    in the same stage which does not use them.

    ## Why is this bad?
    ARG and ENV are part of what a RUN is cached by. A commit number in front makes every RUN behind it run
    again in every build. For LABEL the same is true of the classic builder, Kaniko and Buildah.

    ## Example
    ```dockerfile
    ARG GIT_SHA
    RUN apt-get update && apt-get install -y --no-install-recommends curl
    LABEL org.opencontainers.image.revision=$GIT_SHA
    ```

    ## Use instead
    ```dockerfile
    RUN apt-get update && apt-get install -y --no-install-recommends curl
    ARG GIT_SHA
    LABEL org.opencontainers.image.revision=$GIT_SHA
    ```

    ## When to ignore
    When the cache is meant to be passed by.

    ## Fix safety
    Unsafe: a program that RUN starts might read the variable without naming it.

    ## Sources
    - Dockerfile reference, "Impact of build arguments on the build cache"
    """

    code = "CCH104"
    name = "volatile-variable-early"
    severity = Severity.WARNING
    fixable = Applicability.UNSAFE

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """Each volatile variable, with the first RUN that it disturbs."""
        if not stage.used:
            return
        for place, node in enumerate(stage.instructions):
            if not isinstance(node, KeyValue) or node.index < 0:
                continue
            for pair in node.pairs:
                name = _volatile(node, pair.key.text, context)
                rest = stage.instructions[place + 1 :]
                disturbed = _disturbed(name, rest, context) if name else None
                if name is None or disturbed is None:
                    continue
                line = context.source.position(disturbed.span.start).line
                message = f"`{pair.key.text}` changes with every build, and the RUN of line {line} with it"
                severity = Severity.INFO if node.keyword == "LABEL" else None
                fix = _fix(node, name, rest, context) if node.keyword == "ARG" else None
                yield self.at(pair.key.span, message, fix=fix, severity=severity)


def _volatile(node: KeyValue, key: str, context: Context) -> str | None:
    """The volatile name that a pair sets, or, for LABEL, shows."""
    if node.keyword != "LABEL":
        return key if _VOLATILE.match(key) else None
    for pair in node.pairs:
        if pair.key.text == key and pair.value is not None:
            names = (item.name for item in context.build.references(pair.value.text))
            return next((name for name in names if _VOLATILE.match(name)), None)
    return None


def _uses(node: Instruction, name: str, context: Context) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", context.source.slice(node.span)) is not None


def _disturbed(name: str, rest: list[Instruction], context: Context) -> Instruction | None:
    """The first RUN behind a variable, if neither it nor what comes before it uses the variable for real."""
    for node in rest:
        if node.keyword == "RUN":
            return None if _uses(node, name, context) else node
        if node.keyword not in ("LABEL", "ENV", "ARG") and _uses(node, name, context):
            return None
    return None


def _fix(node: KeyValue, name: str, rest: list[Instruction], context: Context) -> Fix | None:
    """Move the argument and the labels that show it to before the first other use, or behind the last RUN."""
    if len(node.pairs) > 1:
        return None
    users = [item for item in rest if _uses(item, name, context)]
    first = next((item for item in users if item.keyword != "LABEL"), None)
    if first is not None:
        target = first.span.start
    else:
        last = next(item for item in reversed(rest) if item.keyword == "RUN")
        target = whole_line(last, context).end
    moved = [node, *(item for item in users if item.keyword == "LABEL" and item.span.start < target)]
    if any(item.index < 0 for item in moved) or target > len(context.source.text.rstrip()) + 1:
        return None
    newline = context.source.newline
    text = "".join(f"{context.source.slice(item.span)}{newline}" for item in moved)
    if not context.source.text[:target].endswith("\n"):
        text = newline + text.removesuffix(newline)
    edits = (*(delete(whole_line(item, context)) for item in moved), insert(target, text))
    return Fix("move it down", edits, Applicability.UNSAFE, Scope.CONFIG)
