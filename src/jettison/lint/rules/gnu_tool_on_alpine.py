"""ALP108 gnu-tool-on-alpine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.bases import Distro
from jettison.lint.command import Command
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._requests import installed

_TOOLS: Final = {
    **dict.fromkeys(("useradd", "usermod", "groupadd", "groupmod", "userdel"), "shadow"),
    "locale-gen": "",
    "update-alternatives": "",
    "dpkg-reconfigure": "",
    "localedef": "",
}
"""Programs that Alpine does not have, and the package that brings them."""
_OPTIONS: Final = {
    "grep": ("-P", "--perl-regexp"),
    "tar": ("--transform", "--sort"),
    "find": ("-printf", "-regextype"),
    "wget": ("--progress",),
}
"""Options of GNU that busybox does not know."""
_PACKAGES: Final = {"find": "findutils"}
"""The package that brings the full program, where it is not called like it."""


class GnuToolOnAlpine(Rule):
    """Flags programs and options of GNU and Debian on Alpine, which has busybox.

    ## What it does
    Looks on Alpine for `useradd`, `groupadd`, `locale-gen` and others that are not there, and for options
    that busybox does not know (`grep -P`, `find -printf`, `tar --sort`, `wget --progress`), unless the
    package with the full program is installed.

    ## Why is this bad?
    The build stops ("not found", "unrecognized option"), or, in a script, the container.

    ## Example
    ```dockerfile
    FROM alpine:3.20
    RUN useradd --uid 10001 app
    ```

    ## Use instead
    ```dockerfile
    FROM alpine:3.20
    RUN adduser -D -u 10001 app
    ```

    ## When to ignore
    When the base image, made of Alpine, has the program.

    ## Sources
    - busybox documentation; Alpine packages, contents
    """

    code = "ALP108"
    name = "gnu-tool-on-alpine"
    severity = Severity.WARNING
    programs = frozenset(_TOOLS) | frozenset(_OPTIONS)

    def command(self, command: Command, context: Context) -> Iterator[Finding]:
        """Programs and options that are not there."""
        stage = context.build.stage_of(command.instruction)
        base = stage.root.base if stage is not None else None
        if stage is None or stage.distro is not Distro.ALPINE or base is None or "/" in base.repository:
            return
        if command.name in _TOOLS and not command.scopes:
            package = _TOOLS[command.name]
            if not package or package not in installed(stage, context):
                hint = f"; package `{package}` has it" if package else ""
                yield self.at(command.name_span, f"Alpine has no `{command.name}`{hint}")
            return
        option = command.option(*_OPTIONS.get(command.name, ()))
        if option is not None and _PACKAGES.get(command.name, command.name) not in installed(stage, context):
            message = f"the `{command.name}` of busybox knows no `{option.text.partition('=')[0]}`"
            yield self.at(option.span, message)
