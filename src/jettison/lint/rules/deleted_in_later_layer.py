"""CCH102 deleted-in-later-layer."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Callable, Iterator
from typing import cast

from jettison.lint.command import Command
from jettison.lint.command import Scope as Place
from jettison.lint.fix import Applicability, Fix, Scope, delete, insert
from jettison.lint.packages import Verb, action
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._building import before
from jettison.lint.rules._layers import absolute, copied, joined, located, whole_line, written
from jettison.lint.rules._requests import requests
from jettison.lint.rules._script import removal
from jettison.lint.source import Span
from jettison.lint.syntax import Instruction, Transfer


class DeletedInLaterLayer(Rule):
    r"""Flags files that one instruction adds and a later one deletes.

    ## What it does
    Looks in stages that ship for `rm` of what an earlier instruction copied, downloaded or cloned, and for
    removing packages that an earlier RUN installed. Caches of package managers are told by their own rules.

    ## Why is this bad?
    A layer is never changed by those above it. The file is only hidden: it is still pushed, pulled and
    stored, and everybody can read it from the layer below.

    ## Example
    ```dockerfile
    RUN curl -fsSLo /tmp/sdk.tar.gz https://example.org/sdk.tar.gz
    RUN tar -xzf /tmp/sdk.tar.gz -C /opt && rm /tmp/sdk.tar.gz
    ```

    ## Use instead
    ```dockerfile
    RUN curl -fsSLo /tmp/sdk.tar.gz https://example.org/sdk.tar.gz \
        && tar -xzf /tmp/sdk.tar.gz -C /opt && rm /tmp/sdk.tar.gz
    ```

    ## When to ignore
    When the layers are squashed afterwards.

    ## Fix safety
    Safe where two RUN follow each other and can be joined without any other effect. Unsafe where one copied
    file is mounted for the one RUN that reads it, in place of COPY and `rm`.

    ## Sources
    - slim ID.20021; Docker documentation, "Building best practices"
    - OCI Image Format Specification, "Image Layer Filesystem Changeset", Whiteouts
    """

    code = "CCH102"
    name = "deleted-in-later-layer"
    severity = Severity.WARNING
    aliases = ("ID.20021",)
    fixable = Applicability.SAFE
    keywords = frozenset({"RUN"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """What a RUN deletes, compared with what earlier instructions left."""
        if not context.ships(node) or node.index < 0:
            return
        removes = any(item.verb is Verb.REMOVE for item in requests(node, context))
        if not removes and all(command.name != "rm" for command in context.build.commands(node)):
            return
        earlier = before(node, context.build)
        for cwd, command in located(node, context.build):
            if Place.SUBSTITUTION in command.scopes:
                continue
            for span, source, what in (
                *_removed(command, cwd, earlier, context),
                *_uninstalled(command, earlier, context),
            ):
                line = context.source.position(source.span.start).line
                message = f"{what} stays in the layer of line {line}; deleted here it is only hidden"
                yield self.at(span, message, fix=_fix(source, command, context))


_Hit = tuple[Span, Instruction, str]
"""Where something is deleted, the instruction that added it, and what it is."""


def _removed(
    command: Command, cwd: str | None, earlier: list[Instruction], context: Context
) -> Iterator[_Hit]:
    if command.name != "rm":
        return
    for arg in command.operands():
        path = absolute(arg.value, cwd) if arg.value else None
        if path is None or path == "/":
            continue
        covers = _matcher(path)
        for source in reversed(earlier):
            if any(covers(item) for item in _written(source, context)):
                yield arg.span, source, f"`{arg.text}`"
                break


def _written(node: Instruction, context: Context) -> tuple[str, ...]:
    cache = cast("dict[int, tuple[str, ...]]", context.scratch.setdefault("written", {}))
    if node.index not in cache:
        cache[node.index] = tuple(written(node, context.build))
    return cache[node.index]


def _matcher(pattern: str) -> Callable[[str], bool]:
    """Whether `rm -r pattern` removes a path."""
    if not re.search(r"[*?\[]", pattern):
        below = f"{pattern}/"
        return lambda path: path == pattern or path.startswith(below)
    depth = pattern.count("/")
    return lambda path: depth == path.count("/") and fnmatch.fnmatchcase(path, pattern)


def _uninstalled(command: Command, earlier: list[Instruction], context: Context) -> Iterator[_Hit]:
    """Packages that are removed here, and installed by an earlier instruction only."""
    request = action(command)
    if request is None or request.verb is not Verb.REMOVE:
        return
    here = _installed(command.instruction, request.manager.name, context)
    for package in request.packages:
        if package.name in here:
            continue
        for source in reversed(earlier):
            if package.name in _installed(source, request.manager.name, context):
                yield package.arg.span, source, f"package `{package.name}`"
                break


def _installed(node: Instruction, manager: str, context: Context) -> set[str]:
    found: set[str] = set()
    for request in requests(node, context):
        if request.manager.name == manager and request.verb is Verb.INSTALL:
            found |= {package.name for package in request.packages}
            virtual = request.command.option_value("-t", "--virtual") if manager == "apk" else None
            if virtual is not None:
                found.add(virtual.text)
    return found


def _fix(source: Instruction, command: Command, context: Context) -> Fix | None:
    node = command.instruction
    stage = context.build.stage_of(node)
    if stage is None or node.index < 0:
        return None
    if isinstance(source, Transfer):
        return _mounted(source, command, context) if source in stage.instructions else None
    if node.index != source.index + 1:
        return None
    return joined(source, node, context)


def _mounted(source: Transfer, command: Command, context: Context) -> Fix | None:
    """Mount the file for the one RUN that reads it, in place of COPY and `rm`."""
    found = list(copied(source, context.build))
    if len(source.sources) != 1 or len(found) != 1 or source.flags or source.json or source.keyword != "COPY":
        return None
    name, path = found[0]
    operands = command.operands()
    if [arg.value for arg in operands] != [path] or not re.fullmatch(r"[\w./@+-]+", name + path):
        return None
    node, base = command.instruction, posixpath.basename(path)
    users = [item for item in context.dockerfile.instructions if base in context.source.slice(item.span)]
    if users != [source, node] or any(_changes(item, base) for item in context.build.commands(node)):
        return None
    rest = removal(command)
    if rest is None:
        return None
    flag = f" --mount=type=bind,source={name},target={path}"
    edits = (delete(whole_line(source, context)), insert(node.keyword_span.end, flag), rest)
    return Fix("mount it for this RUN", edits, Applicability.UNSAFE, Scope.CONFIG)


def _changes(command: Command, name: str) -> bool:
    """Whether a command wants to change the file itself, which a mount does not allow."""
    return command.name in ("chmod", "chown", "mv", "sed", "gunzip") and any(
        name in arg.text for arg in command.args
    )
