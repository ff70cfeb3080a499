"""VAR107 unused-argument."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import PLATFORM_ARGS, PROXY_ARGS, Stage
from jettison.lint.fix import Applicability, Fix, Scope, delete
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._layers import whole_line
from jettison.lint.rules._variables import uses
from jettison.lint.syntax import Instruction, KeyValue, Pair


class UnusedArgument(Rule):
    """Flags an ARG that nothing can see.

    ## What it does
    Looks before the first FROM for arguments that no FROM, no other default and no stage takes up, and in
    stages for arguments behind the last instruction that refers to them or runs a program (which might
    read them from its environment).

    ## Why is this bad?
    The call gives a value, the build succeeds, and the value went nowhere. Mostly the stage lacks an ARG of
    its own, or the name was changed in one place.

    ## Example
    ```dockerfile
    ARG RELEASE=1.2
    FROM debian:12.5
    ```

    ## Use instead
    ```dockerfile
    FROM debian:12.5
    ```

    ## When to ignore
    For arguments that are kept so that calls which give them do not warn.

    ## Fix safety
    Unsafe: a call that gives the argument is then told that nothing takes it.

    ## Sources
    - Dockerfile reference, ARG, "Scope"
    """

    code = "VAR107"
    name = "unused-argument"
    severity = Severity.INFO
    fixable = Applicability.UNSAFE

    def file(self, context: Context) -> Iterator[Finding]:
        """Arguments before FROM."""
        taken = _taken_up(context)
        for node, pair in _declared(context.build.head):
            if pair.key.text not in taken:
                yield self._found(node, pair, context)

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """Arguments behind the last use; a stage that others are built on hands its arguments on."""
        if any(other.parent is stage for other in context.build.stages):
            return
        used: set[str] = set()
        for node in reversed(stage.instructions):
            if node.keyword in ("RUN", "ONBUILD"):
                return
            for declared, pair in _declared([node]):
                if pair.key.text not in used:
                    yield self._found(declared, pair, context)
            used.update(use.name for use in uses(node, context.build))

    def _found(self, node: KeyValue, pair: Pair, context: Context) -> Finding:
        edits = (delete(whole_line(node, context)),)
        fix = Fix("remove it", edits, Applicability.UNSAFE, Scope.CONFIG) if len(node.pairs) == 1 else None
        return self.at(pair.key.span, f"nothing sees the argument `{pair.key.text}`", fix=fix)


def _declared(nodes: list[Instruction]) -> Iterator[tuple[KeyValue, Pair]]:
    for node in nodes:
        if isinstance(node, KeyValue) and node.keyword == "ARG":
            for pair in node.pairs:
                known = PROXY_ARGS | PLATFORM_ARGS | {"SOURCE_DATE_EPOCH"}
                if pair.key.text not in known and not pair.key.text.startswith("BUILDKIT_"):
                    yield node, pair


def _taken_up(context: Context) -> set[str]:
    """The names that a FROM, a later default, or an ARG of a stage has."""
    build = context.build
    nodes = [*build.head, *(stage.node for stage in build.stages)]
    names = {use.name for node in nodes for use in uses(node, build)}
    return names | {pair.key.text for stage in build.stages for _, pair in _declared(stage.instructions)}
