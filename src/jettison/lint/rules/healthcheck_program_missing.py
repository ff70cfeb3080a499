"""MET117 healthcheck-program-missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.bases import Distro
from jettison.lint.build import Stage
from jettison.lint.command import Command
from jettison.lint.fix import Applicability, Fix, Scope, replace
from jettison.lint.packages import Kind
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._building import chain
from jettison.lint.rules._packages import is_official, is_opaque
from jettison.lint.rules._requests import requests
from jettison.lint.syntax import Transfer

_TOOLS: Final = frozenset({"curl", "wget"})
_WITH_CURL: Final = frozenset(
    {"nginx", "php", "composer", "haproxy", "caddy", "elixir", "wordpress", "docker"}
)
"""Images that are known to have curl, or not known to lack it, though their tag looks small."""


class HealthcheckProgramMissing(Rule):
    """Flags a HEALTHCHECK with a program that the image does not have.

    ## What it does
    Looks for `curl` and `wget` in the HEALTHCHECK of the stage that is built, on images that are known to
    lack them: `debian`, `ubuntu`, official images whose tag says `slim`, distroless images, `scratch`; on
    Alpine for `curl` alone, since busybox brings a `wget`. It is silent where an instruction names the
    program, or runs a script that may bring it.

    ## Why is this bad?
    The check fails each time: "executable file not found". The container is called unhealthy, and restarted
    or never given a request, though the application works.

    ## Example
    ```dockerfile
    FROM python:3.12.7-alpine3.20
    HEALTHCHECK CMD curl -f http://localhost:8000/ || exit 1
    ```

    ## Use instead
    ```dockerfile
    FROM python:3.12.7-alpine3.20
    HEALTHCHECK CMD wget -q -O /dev/null http://localhost:8000/ || exit 1
    ```

    ## When to ignore
    When a package brings the program without being called so.

    ## Fix safety
    Unsafe: on Alpine, a plain `curl` becomes the `wget` of busybox.

    ## Sources
    - Dockerfile reference, HEALTHCHECK
    - The Dockerfiles of the official images
    """

    code = "MET117"
    name = "healthcheck-program-missing"
    severity = Severity.WARNING
    fixable = Applicability.UNSAFE

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """The health check of the stage that is built."""
        check = stage.effective("HEALTHCHECK") if stage is context.build.target else None
        lacking = _lacking(stage)
        if check is None or lacking is None:
            return
        for command in context.build.commands(check):
            if command.name in lacking and not _may_be_there(command.name, stage, context):
                message = f"the image has no `{command.name}`: the check fails each time"
                yield self.at(command.name_span, message, fix=_fix(command, stage))
                return


def _lacking(stage: Stage) -> frozenset[str] | None:
    """Programs that the base of a stage is known to lack; None if that is not known."""
    if stage.distro in (Distro.SCRATCH, Distro.DISTROLESS):
        return _TOOLS
    base = stage.root.base
    if base is None or not is_official(stage) or base.repository in _WITH_CURL:
        return None
    if stage.distro is Distro.ALPINE:
        return frozenset({"curl"})
    is_small = base.repository in ("debian", "ubuntu") or "slim" in (base.tag or "")
    return _TOOLS if is_small and stage.distro in (Distro.DEBIAN, Distro.UBUNTU) else None


def _may_be_there(program: str, stage: Stage, context: Context) -> bool:
    """Whether an instruction names the program, copies what is not listed, or runs what cannot be seen."""
    for node in chain(stage):
        text = node.line.text + "".join(doc.text for doc in node.heredocs)
        if node.keyword in ("RUN", "COPY", "ADD") and program in text:
            return True
        if node.keyword == "ONBUILD" or (isinstance(node, Transfer) and _brings_programs(node)):
            return True
        if node.keyword == "RUN" and any(is_opaque(command) for command in context.build.commands(node)):
            return True
        if any(
            package.kind is not Kind.NAME for item in requests(node, context) for package in item.packages
        ):
            return True
    return False


def _brings_programs(node: Transfer) -> bool:
    """Whether COPY brings a folder of programs, or a whole system."""
    target = node.destination.text.rstrip("/") if node.destination is not None else ""
    return target in ("", "/usr", "/bin", "/usr/bin", "/usr/local", "/usr/local/bin")


def _fix(command: Command, stage: Stage) -> Fix | None:
    """busybox's wget for a plain curl."""
    urls = command.operands()
    options = "".join(arg.text for arg in command.options)
    if stage.distro is not Distro.ALPINE or len(urls) != 1 or not command.editable or command.redirects:
        return None
    if not re.fullmatch(r"(?:-[fsSL]+|--fail|--silent|--show-error|--location)*", options):
        return None
    text = f"wget -q -O /dev/null {urls[0].raw}"
    return Fix("use wget of busybox", (replace(command.span, text),), Applicability.UNSAFE, Scope.CONFIG)
