"""Instructions of which only the last one of a stage counts."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.fix import Fix, Scope, delete
from jettison.lint.rule import Context
from jettison.lint.rules._layers import whole_line
from jettison.lint.syntax import Instruction


def removals(stage: Stage, keyword: str, context: Context) -> Iterator[tuple[Instruction, Fix]]:
    """The instructions of a kind that a later one of the same stage makes void, with the fix that removes
    them."""
    for node in stage.all(keyword)[:-1]:
        yield node, Fix("remove it", (delete(whole_line(node, context)),), scope=Scope.CONFIG)
