"""What a file asks of package managers, read once for all rules that want to know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from jettison.lint.build import Stage
from jettison.lint.packages import Action, Verb, actions
from jettison.lint.rule import Context
from jettison.lint.rules._users import lineage
from jettison.lint.syntax import Instruction


def requests(node: Instruction, context: Context) -> tuple[Action, ...]:
    """The requests of one RUN, in order."""
    cache = cast("dict[int, tuple[Action, ...]]", context.scratch.setdefault("requests", {}))
    if id(node) not in cache:
        cache[id(node)] = tuple(actions(context.build.commands(node))) if node.keyword == "RUN" else ()
    return cache[id(node)]


def stage_requests(stage: Stage, context: Context) -> Iterator[Action]:
    """The requests of a stage and of the stages it is built on, in order."""
    for member in lineage(stage):
        for node in member.instructions:
            yield from requests(node, context)


def installed(stage: Stage, context: Context) -> frozenset[str]:
    """The names of all packages that a stage and its parents install."""
    cache = cast("dict[int, frozenset[str]]", context.scratch.setdefault("installed", {}))
    if stage.index not in cache:
        cache[stage.index] = frozenset(
            package.name
            for request in stage_requests(stage, context)
            if request.verb in (Verb.INSTALL, Verb.SYNC)
            for package in request.packages
        )
    return cache[stage.index]
