"""BAS103 moving-tag."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._images import base_of, official
from jettison.lint.syntax import From, Instruction


class MovingTag(Rule):
    """Flags base images whose tag names no version.

    ## What it does
    Looks for tags that say by their words that they move (`stable`, `lts`, `edge`, `nightly`, `main`), and
    for tags of Docker official images that name a variant only (`node:alpine`, `python:slim`). A digest
    behind the tag makes it harmless.

    ## Why is this bad?
    Such a tag means another release from one day to the next, as `latest` does. Next month the same
    Dockerfile gives another major version.

    ## Example
    ```dockerfile
    FROM node:lts-alpine
    ```

    ## Use instead
    ```dockerfile
    FROM node:20.15.0-alpine3.20
    ```

    ## When to ignore
    In images that test against whatever comes next.

    ## Sources
    - Docker documentation, "Building best practices": pin base image versions
    """

    code = "BAS103"
    name = "moving-tag"
    severity = Severity.WARNING
    keywords = frozenset({"FROM"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """A tag that means another release tomorrow."""
        base = base_of(node, context)
        if base is None or base.digest or not base.tag or not isinstance(node, From) or node.image is None:
            return
        words = re.split(r"[-_.]", base.tag.lower())
        variant = official(base) is not None and all(word in _VARIANTS for word in words)
        if words[0] in _MOVING or variant:
            yield self.at(
                node.image.span, f"the tag `{base.tag}` names no version, so it means another one tomorrow"
            )


_MOVING: Final = frozenset(
    {
        *("stable", "oldstable", "testing", "unstable", "sid", "lts", "current", "rolling", "devel", "edge"),
        *("nightly", "canary", "dev", "develop", "main", "master", "trunk", "mainline", "rawhide", "next"),
    }
)
_VARIANTS: Final = frozenset(
    {
        *("alpine", "slim", "fpm", "apache", "cli", "jre", "jdk"),
        *("perl", "otel", "management", "windowsservercore", "nanoserver", "onbuild", "full", "minimal"),
    }
)
