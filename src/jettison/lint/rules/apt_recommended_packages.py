"""PKG103 apt-recommended-packages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, cast

from jettison.lint.fix import Applicability
from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._building import before
from jettison.lint.rules._packages import switched
from jettison.lint.syntax import Instruction

_SET: Final = re.compile(r"install-recommends[\"'\s=:]*(?:0|false|no|off)\b", re.IGNORECASE)
_FOLDER: Final = "apt.conf"


class AptRecommendedPackages(Rule):
    """Flags `apt-get install` that also takes recommended packages into an image that ships.

    ## What it does
    Looks in stages that ship for `apt-get install` of packages without `--no-install-recommends`, where
    `APT::Install-Recommends` is not turned off either.

    ## Why is this bad?
    apt takes not only what a package needs but what people at a desktop like to have with it. The image
    grows, often by more than what was asked for, and so does the list of vulnerabilities.

    ## Example
    ```dockerfile
    RUN apt-get update && apt-get install -y curl
    ```

    ## Use instead
    ```dockerfile
    RUN apt-get update && apt-get install -y --no-install-recommends curl
    ```

    ## When to ignore
    When the recommended packages are wanted; better name them.

    ## Fix safety
    Unsafe: what was only recommended is then missing (`ca-certificates` of `curl`, for one).

    ## Sources
    - hadolint DL3015, trivy DS-0029, KICS "APT-GET Not Avoiding Additional Packages"
    - apt-get(8), `--no-install-recommends`
    """

    code = "PKG103"
    name = "apt-recommended-packages"
    severity = Severity.INFO
    aliases = ("DL3015", "DS-0029", "DS029")
    fixable = Applicability.UNSAFE
    managers = frozenset({"apt"})

    def action(self, action: Action, context: Context) -> Iterator[Finding]:
        """Installations by name."""
        command = action.command
        if action.verb is not Verb.INSTALL or not context.ships(command.instruction) or not action.packages:
            return
        if command.name == "aptitude" or action.word.text == "build-dep":
            return
        if command.has("--no-install-recommends", "--install-recommends") or command.has("-R"):
            return
        if any(_SET.search(arg.text) for arg in command.args) or _configured(action, context):
            return
        message = f"`{command.name} install` also takes what the packages only recommend"
        fix = switched(action, "--no-install-recommends", applicability=Applicability.UNSAFE)
        yield self.at(action.word.span, message, fix=fix)


def _configured(action: Action, context: Context) -> bool:
    """Whether this or an earlier instruction writes the setting, or copies a configuration of apt."""
    node = action.command.instruction
    return any(_configures(item, context) for item in (*before(node, context.build), node))


def _configures(node: Instruction, context: Context) -> bool:
    cache = cast("dict[int, bool]", context.scratch.setdefault("configures-apt", {}))
    if id(node) not in cache:
        text = node.line.text + "".join(doc.text for doc in node.heredocs)
        copied = node.keyword in ("COPY", "ADD") and _FOLDER in text
        cache[id(node)] = copied or _SET.search(text) is not None
    return cache[id(node)]
