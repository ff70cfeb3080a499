"""PKG120 package-manager-of-other-system."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.bases import Distro
from jettison.lint.packages import Action
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._building import chain
from jettison.lint.rules._packages import is_official
from jettison.lint.rules._requests import installed, stage_requests
from jettison.lint.syntax import Transfer

_SYSTEMS: Final = {
    "apt": frozenset({Distro.DEBIAN, Distro.UBUNTU}),
    "apk": frozenset({Distro.ALPINE, Distro.WOLFI}),
    "dnf": frozenset({Distro.REDHAT}),
    "yum": frozenset({Distro.REDHAT}),
    "microdnf": frozenset({Distro.REDHAT}),
    "zypper": frozenset({Distro.SUSE}),
    "pacman": frozenset({Distro.ARCH}),
}
"""Where each manager is at home."""
_KNOWN: Final = frozenset({Distro.DEBIAN, Distro.UBUNTU, Distro.ALPINE, Distro.REDHAT, Distro.ARCH})


class PackageManagerOfOtherSystem(Rule):
    """Flags a package manager that the base image does not have: `apk` on Debian, `apt-get` on Alpine.

    ## What it does
    Compares the package manager of each RUN with the system of the base, where that is a Docker official
    image. Commands that may not run, and managers that the file installs, are left alone.

    ## Why is this bad?
    The build stops with "not found". Mostly the base image was changed and the instruction was not.

    ## Example
    ```dockerfile
    FROM debian:12.5-slim
    RUN apk add --no-cache curl
    ```

    ## Use instead
    ```dockerfile
    FROM debian:12.5-slim
    RUN apt-get update && apt-get install -y --no-install-recommends curl
    ```

    ## When to ignore
    When an earlier instruction brings the program in a way that is not seen.

    ## Sources
    - The package managers of the distributions: apk(8), apt-get(8), dnf(8), zypper(8), pacman(8)
    """

    code = "PKG120"
    name = "package-manager-of-other-system"
    severity = Severity.ERROR
    managers = frozenset(_SYSTEMS)

    def action(self, action: Action, context: Context) -> Iterator[Finding]:
        """The first request to a program that is not there."""
        command, name = action.command, action.manager.name
        stage = context.build.stage_of(command.instruction)
        if stage is None or not is_official(stage) or not command.certain or "-root" in command.words:
            return
        homes = _SYSTEMS[name]
        if stage.distro not in _KNOWN or stage.distro in homes or name in installed(stage, context):
            return
        if any(isinstance(node, Transfer) and name in node.line.text for node in chain(stage)):
            return
        first = next(
            (item for item in stage_requests(stage, context) if item.manager is action.manager), None
        )
        if first is None or first.command is not command:
            return
        message = f"`{command.name}` is not part of {stage.distro.value.capitalize()}: the build stops here"
        yield self.at(command.name_span, message)
