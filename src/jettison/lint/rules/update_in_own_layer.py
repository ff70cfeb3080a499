"""PKG105 update-in-own-layer."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.command import Command
from jettison.lint.fix import Applicability, Fix
from jettison.lint.packages import Action, Verb, action
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._layers import joined
from jettison.lint.rules._mounts import mounts
from jettison.lint.rules._packages import TAKES, is_opaque
from jettison.lint.rules._requests import requests
from jettison.lint.rules._script import following, next_instruction


class UpdateInOwnLayer(Rule):
    """Flags `apt-get update` in a RUN that installs nothing.

    ## What it does
    Looks for `apt-get update`, `apk update`, `zypper refresh` and `pacman -Sy` with no installation by the
    same manager behind it in the RUN. Scripts and helpers that may install something make it silent, and so
    does a cache mount for the lists.

    ## Why is this bad?
    The layer with the lists comes from the cache for months. A later RUN then asks the servers for versions
    that are gone ("404 Not Found"), or installs old ones without security fixes.

    ## Example
    ```dockerfile
    RUN apt-get update
    RUN apt-get install -y --no-install-recommends curl
    ```

    ## Use instead
    ```dockerfile
    RUN apt-get update && apt-get install -y --no-install-recommends curl
    ```

    ## When to ignore
    In images for other builds whose users know that the lists are old.

    ## Fix safety
    Safe: the RUN is joined to the next one if that installs, and if nothing of its shell lasts.

    ## Sources
    - trivy DS-0017, checkov CKV_DOCKER_5, dockle CIS-DI-0007, KICS "Update Instruction Alone"
    - Docker documentation, "Building best practices", apt-get
    """

    code = "PKG105"
    name = "update-in-own-layer"
    severity = Severity.WARNING
    aliases = ("DS-0017", "DS017", "CKV_DOCKER_5", "CIS-DI-0007")
    fixable = Applicability.SAFE
    managers = frozenset({"apt", "apk", "zypper", "pacman"})

    def action(self, action: Action, context: Context) -> Iterator[Finding]:
        """Requests for the list with nothing that uses it."""
        node = action.command.instruction
        stage = context.build.stage_of(node)
        if action.verb is not Verb.REFRESH or stage is None or not stage.used or any(mounts(node)):
            return
        if any(_uses(item, action) for item in following(action.command, context.build)):
            return
        done = f"{action.command.name} {action.word.text}"
        message = f"the lists of `{done}` come from the cache for months, and versions in them are gone"
        yield self.at(action.command.span, message, fix=_fix(action, context))


def _uses(command: Command, request: Action) -> bool:
    """Whether a command behind a request may install something from its list."""
    if is_opaque(command):
        return True
    found = action(command)
    return found is not None and found.manager is request.manager and found.verb in TAKES


def _fix(request: Action, context: Context) -> Fix | None:
    node = request.command.instruction
    second = next_instruction(node, context.build)
    if second is None or node.index < 0:
        return None
    takes = (item for item in requests(second, context) if item.manager is request.manager)
    first = next(takes, None)
    if first is None or first.verb not in TAKES:
        return None
    return joined(node, second, context)
