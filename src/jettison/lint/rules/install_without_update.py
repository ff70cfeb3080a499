"""PKG106 install-without-update."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.bases import Distro
from jettison.lint.build import Stage
from jettison.lint.fix import Applicability, Fix, insert
from jettison.lint.packages import Action, Kind, Verb
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._building import before
from jettison.lint.rules._mounts import mounts
from jettison.lint.rules._packages import is_official, is_opaque, refreshes_before
from jettison.lint.rules._requests import requests
from jettison.lint.rules._script import preceding


class InstallWithoutUpdate(Rule):
    """Flags `apt-get install` in a RUN without `apt-get update`.

    ## What it does
    Looks for `apt-get install` of packages by name that no `apt-get update` of the same RUN stands before:
    where an earlier RUN has fetched lists, and where nothing has, on an official image, which brings
    none. It is silent behind scripts and helpers that may have done so, and with a cache mount for the
    lists.

    ## Why is this bad?
    Without lists the build stops: "Unable to locate package". With the lists of an earlier layer, which comes
    from the cache for months, it asks for versions that are gone.

    ## Example
    ```dockerfile
    RUN apt-get update && apt-get install -y --no-install-recommends curl
    RUN apt-get install -y --no-install-recommends make
    ```

    ## Use instead
    ```dockerfile
    RUN apt-get update && apt-get install -y --no-install-recommends curl
    RUN apt-get update && apt-get install -y --no-install-recommends make
    ```

    ## When to ignore
    When the two RUN always change together.

    ## Fix safety
    Safe: `apt-get update` is put in front.

    ## Sources
    - Docker documentation, "Building best practices", apt-get
    - apt-get(8), `update`
    """

    code = "PKG106"
    name = "install-without-update"
    severity = Severity.WARNING
    fixable = Applicability.SAFE
    managers = frozenset({"apt"})

    def action(self, action: Action, context: Context) -> Iterator[Finding]:
        """Installations by name."""
        node = action.command.instruction
        stage = context.build.stage_of(node)
        if action.verb is not Verb.INSTALL or stage is None or not stage.used or node.index < 0:
            return
        if not any(package.kind is Kind.NAME for package in action.packages) or any(mounts(node)):
            return
        if refreshes_before(action, context) or action.command.has("--no-download", "--print-uris", "-s"):
            return
        if any(is_opaque(command) for command in preceding(action.command, context.build)):
            return
        message = _problem(action, stage, context)
        if message is not None:
            yield self.at(action.command.span, message, fix=_fix(action))


def _problem(action: Action, stage: Stage, context: Context) -> str | None:
    """What the lists are that the request uses; None if that is not known."""
    for node in reversed(before(action.command.instruction, context.build)):
        if node.keyword != "RUN":
            continue
        if any(
            item.manager is action.manager and item.verb is Verb.REFRESH for item in requests(node, context)
        ):
            line = context.source.position(node.span.start).line
            return f"uses the lists of line {line}, which come from the cache for months"
        if any(is_opaque(command) for command in context.build.commands(node)):
            return None
    if is_official(stage) and stage.distro in (Distro.DEBIAN, Distro.UBUNTU):
        return "the base image has no package lists and nothing fetches them: the build stops here"
    return None


def _fix(action: Action) -> Fix | None:
    command = action.command
    simple = command.operator in ("", "&&", ";") and not command.scopes and not command.negated
    piped = command.piped_from is not None or command.piped_into is not None
    if not command.editable or not simple or piped or command.wrappers not in ((), ("sudo",)):
        return None
    lead = "sudo " if command.wrappers else ""
    return Fix("fetch the lists first", (insert(command.statement.start, f"{lead}apt-get update && "),))
