"""The proof that a fix changed what it says, and nothing else.

Two files are compared by meaning: the instructions that no edit touched must be the same ones in the same
order, the config that the result gets must be equal, and inside touched scripts every command that no
edit touched must stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from jettison.lint.build import Build
from jettison.lint.fix import Edit, Fix, Scope
from jettison.lint.lexer import Lexer, LexError
from jettison.lint.source import Span
from jettison.lint.syntax import Healthcheck, Instruction, KeyValue, Onbuild, ShellOrExec, Trouble

_CONFIG: Final = frozenset(
    {
        *("CMD", "ENTRYPOINT", "EXPOSE", "HEALTHCHECK", "LABEL", "ONBUILD"),
        *("SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
    }
)


@dataclass(frozen=True)
class Change:
    """A fix that was applied, with where each of its edits ended up in the new text."""

    fix: Fix
    places: tuple[tuple[Span, Span], ...]
    """Span before and span after, for each edit."""


def located(fixes: Sequence[Fix]) -> list[Change]:
    """Where the edits of fixes, all applied at once, end up."""
    order = sorted(((edit, number) for number, fix in enumerate(fixes) for edit in fix.edits), key=_by_span)
    places: list[list[tuple[Span, Span]]] = [[] for _ in fixes]
    shift = 0
    for edit, number in order:
        start = edit.span.start + shift
        places[number].append((edit.span, Span(start, start + len(edit.text))))
        shift += len(edit.text) - (edit.span.end - edit.span.start)
    return [Change(fix, tuple(found)) for fix, found in zip(fixes, places, strict=True)]


def _by_span(item: tuple[Edit, int]) -> Span:
    return item[0].span


def objection(before: Build, after: Build, changes: Sequence[Change]) -> str | None:
    """Why the changes must not be made; None if they are proven."""
    if _worse(before, after):
        return "the file would no longer parse"
    old = _touched(before, [place[0] for change in changes for place in change.places])
    new = _touched(after, [place[1] for change in changes for place in change.places])
    if _meanings(before, skip=old) != _meanings(after, skip=new):
        return "an instruction would change that the fix does not touch"
    if all(change.fix.scope is not Scope.CONFIG for change in changes) and _config(before) != _config(after):
        return "the config of the image would change"
    if all(change.fix.scope is Scope.SPELLING for change in changes) and _meanings(before) != _meanings(
        after
    ):
        return "the meaning of an instruction would change"
    if any(change.fix.scope is Scope.COMMANDS for change in changes):
        return _commands_differ(before, after, changes)
    return None


def _worse(before: Build, after: Build) -> bool:
    fatal = [
        [
            problem.trouble
            for problem in build.dockerfile.problems
            if problem.trouble is not Trouble.EMPTY_FILE
        ]
        for build in (before, after)
    ]
    return len(fatal[1]) > len(fatal[0])


def _hit(span: Span, places: Iterable[Span]) -> bool:
    return any(place.start <= span.end and span.start <= place.end for place in places)


def _touched(build: Build, places: list[Span]) -> frozenset[int]:
    """The numbers of the instructions that a place lies in."""
    return frozenset(node.index for node in build.dockerfile.instructions if _hit(node.span, places))


def _meanings(build: Build, skip: frozenset[int] = frozenset()) -> list[object]:
    return [meaning(node, build) for node in build.dockerfile.instructions if node.index not in skip]


def meaning(node: Instruction, build: Build) -> tuple[object, ...]:
    """What an instruction says, without the way in which it is written."""
    flags = tuple(sorted((flag.name, flag.value) for flag in node.flags))
    heredocs = tuple((doc.name, doc.expand, doc.chomp, doc.content.text) for doc in node.heredocs)
    return node.keyword, flags, _arguments(node, build), node.json, heredocs


def _arguments(node: Instruction, build: Build) -> object:
    if isinstance(node, Onbuild) and node.trigger is not None:
        return meaning(node.trigger, build)
    if isinstance(node, KeyValue):
        return tuple(
            _pair(pair.key.text, pair.value.text if pair.value else None, build) for pair in node.pairs
        )
    if isinstance(node, ShellOrExec) and node.script is not None:
        kind = node.type.text.upper() if isinstance(node, Healthcheck) and node.type else ""
        return kind, " ".join(node.script.text.split()) if not node.heredocs else node.script.text
    if node.keyword == "FROM":
        return tuple(word.text.lower() if word.text.lower() == "as" else word.text for word in node.words)
    return tuple(word.text for word in node.words)


def _pair(key: str, value: str | None, build: Build) -> tuple[str, str | None]:
    """A pair with its quotes resolved, once with all variables set to a mark of their own, once with none."""

    if value is None:
        return key, None
    escape = build.dockerfile.escape
    try:
        marked = Lexer(value, _Marks(), escape=escape).read().text
        unset = Lexer(value, {}, escape=escape, keep_unset=True).read().text
    except LexError:
        return key, value
    return key, f"{marked}\0{unset}"


class _Marks(dict[str, str]):
    """An environment in which every variable is set to something that no text holds."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return f"\0{name}\0"


def _config(build: Build) -> list[object]:
    """What the stages say about the config of their images, in order."""
    found: list[object] = []
    for stage in build.stages:
        found.append(stage.end.env if stage.end else None)
        found.extend(meaning(node, build) for node in stage.instructions if node.keyword in _CONFIG)
    return found


def _commands_differ(before: Build, after: Build, changes: Sequence[Change]) -> str | None:
    places = [[place[side] for change in changes for place in change.places] for side in (0, 1)]
    remaining = [_commands(build, hit) for build, hit in zip((before, after), places, strict=True)]
    return None if remaining[0] == remaining[1] else "a command would change that the fix does not touch"


def _commands(build: Build, places: list[Span]) -> list[tuple[str, ...]]:
    """The commands that no edit lies in or beside, as words."""
    return [
        (command.name, *(arg.raw for arg in command.args))
        for node in build.nodes()
        for command in build.commands(node)
        if not _hit(command.statement, places)
    ]
