"""PKG119 apk-virtual-kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.fix import Applicability
from jettison.lint.packages import Action, Kind, Verb
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._packages import appended, runs_behind
from jettison.lint.rules._requests import requests

_BUILD: Final = re.compile(r"build|\A\.?dev|-dev\Z|\A(?:gcc|g\+\+|clang|make|cmake|autoconf)\Z")
"""Groups and packages that are there to compile with."""


class ApkVirtualKept(Rule):
    """Flags `apk add --virtual` whose group is never deleted.

    ## What it does
    Looks in stages that ship for `apk add --virtual NAME` with no `apk del NAME` behind it, where the name or
    the packages are those of a build. One in a later RUN is reported as deleted-in-later-layer.

    ## Why is this bad?
    The name is given so that the packages can be removed together. Without that compilers and headers stay
    in the image.

    ## Example
    ```dockerfile
    FROM alpine:3.22
    RUN apk add --no-cache --virtual .build-deps gcc musl-dev && cc -o /app /app.c
    ```

    ## Use instead
    ```dockerfile
    FROM alpine:3.22
    RUN apk add --no-cache --virtual .build-deps gcc musl-dev && cc -o /app /app.c && apk del .build-deps
    ```

    ## When to ignore
    When the name only says what the packages are for.

    ## Fix safety
    Unsafe: what runs later may need one of the packages.

    ## Sources
    - dockerfilelint, "apkadd-missing-virtual-del"
    - apk-add(8), `--virtual`
    """

    code = "PKG119"
    name = "apk-virtual-kept"
    severity = Severity.INFO
    fixable = Applicability.UNSAFE
    managers = frozenset({"apk"})

    def action(self, action: Action, context: Context) -> Iterator[Finding]:
        """Groups that stay."""
        name = action.command.option_value("-t", "--virtual")
        if action.verb is not Verb.INSTALL or name is None or not name.text or not action.packages:
            return
        if not context.ships(action.command.instruction) or _is_deleted(name.text, action, context):
            return
        if "run" in name.text or not any(
            _BUILD.search(item) for item in (name.text, *(package.name for package in action.packages))
        ):
            return
        fix = appended(action, f"apk del {name.text}", context, applicability=Applicability.UNSAFE)
        plain = re.fullmatch(r"[\w.-]+", name.text) is not None
        yield self.at(name.span, f"nothing deletes the group `{name.text}` again", fix=fix if plain else None)


def _is_deleted(name: str, request: Action, context: Context) -> bool:
    node = request.command.instruction
    behind = [
        *(item for item in requests(node, context) if item.word.span.start > request.word.span.start),
        *(item for run in runs_behind(request, context) for item in requests(run, context)),
    ]
    deleted = (package for item in behind if item.verb is Verb.REMOVE for package in item.packages)
    return any(package.name == name or package.kind is Kind.UNKNOWN for package in deleted)
