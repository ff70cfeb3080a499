"""MET116 volume-changed-later."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Final

from jettison.lint.command import Arg, Command
from jettison.lint.fix import Applicability, Fix, Scope, delete, insert
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._building import before
from jettison.lint.rules._download import downloads
from jettison.lint.rules._layers import absolute, located, whole_line
from jettison.lint.source import Span
from jettison.lint.syntax import Instruction

_ALL: Final = frozenset({"mkdir", "touch", "rm", "rmdir", "tee", "truncate", "mktemp"})
_BUT_FIRST: Final = frozenset({"chmod", "chown", "chgrp"})
_LAST: Final = frozenset({"cp", "mv", "install", "ln", "rsync", "unzip"})
"""Programs by which of their operands they write to."""


class VolumeChangedLater(Rule):
    """Flags RUN that writes into a folder behind the VOLUME that declares it.

    ## What it does
    Looks for commands that create, copy, unpack, download or change files below a path that an earlier
    VOLUME of the stage, or of a stage it is built on, names.

    ## Why is this bad?
    Builders differ: BuildKit keeps the change, the classic builder of Docker, and others for its sake, throw
    it away. The image then works for one person and not for the next.

    ## Example
    ```dockerfile
    VOLUME /data
    RUN touch /data/ready
    ```

    ## Use instead
    ```dockerfile
    RUN touch /data/ready
    VOLUME /data
    ```

    ## When to ignore
    When BuildKit builds the image everywhere.

    ## Fix safety
    Safe: VOLUME is moved behind the RUN. With BuildKit the image is the same.

    ## Sources
    - Dockerfile reference, VOLUME, "Notes about specifying volumes"
    """

    code = "MET116"
    name = "volume-changed-later"
    severity = Severity.WARNING
    fixable = Applicability.SAFE
    keywords = frozenset({"RUN"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """The first command that writes into a volume."""
        stage = context.build.stage_of(node)
        if stage is None or not stage.used or node.index < 0:
            return
        volumes = [
            (item, path)
            for item in before(node, context.build)
            if item.keyword == "VOLUME"
            for word in item.words
            if (path := context.build.expand(word.text, item)) and path.startswith("/") and path != "/"
        ]
        if not volumes:
            return
        for cwd, command in located(node, context.build):
            for span, target in _targets(command):
                path = absolute(target, cwd)
                hit = next((item for item, folder in volumes if path and _lies_in(path, folder)), None)
                if hit is not None:
                    line = context.source.position(hit.span.start).line
                    message = f"`{path}` lies in the volume of line {line}: some builders drop the change"
                    yield self.at(span, message, fix=_fix(hit, node, context))
                    return


def _lies_in(path: str, folder: str) -> bool:
    folder = posixpath.normpath(folder)
    return path == folder or path.startswith(f"{folder}/")


def _targets(command: Command) -> Iterator[tuple[Span, str]]:
    """What a command surely writes to, and where that stands."""
    for item in downloads(command):
        if item.output:
            yield command.name_span, item.output
    for arg in _written(command):
        if arg.value:
            yield arg.span, arg.value


def _written(command: Command) -> Iterator[Arg]:
    for redirect in command.redirects:
        if redirect.operator in (">", ">>", "&>") and redirect.target is not None:
            yield redirect.target
    operands = command.operands("-m", "-o", "-g", "--mode")
    if command.name in _ALL:
        yield from operands
    elif command.name in _BUT_FIRST:
        yield from operands[1:]
    elif command.name in _LAST and len(operands) > 1:
        yield operands[-1]
    elif command.name == "tar" and (folder := command.option_value("-C", "--directory")) is not None:
        yield folder


def _fix(volume: Instruction, node: Instruction, context: Context) -> Fix | None:
    """Put VOLUME behind the RUN, if both are of one stage and nothing in it depends on the place."""
    stage = context.build.stage_of(node)
    text = context.source.slice(volume.span)
    if stage is None or volume not in stage.instructions or "$" in text or volume.index < 0:
        return None
    edits = (delete(whole_line(volume, context)), insert(node.span.end, f"{context.source.newline}{text}"))
    return Fix("declare the volume behind it", edits, scope=Scope.CONFIG)
