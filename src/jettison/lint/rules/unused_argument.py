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
        for node, pair in _declared(context.build.head):
            if not _taken_up(pair.key.text, context):
                yield self._found(node, pair, context)

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """Arguments behind the last use; a stage that others are built on hands its arguments on."""
        if any(other.parent is stage for other in context.build.stages):
            return
        for node, pair in _declared(stage.instructions):
            later = stage.instructions[stage.instructions.index(node) + 1 :]
            if not any(
                item.keyword in ("RUN", "ONBUILD") or _uses(pair.key.text, item, context) for item in later
            ):
                yield self._found(node, pair, context)

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


def _uses(name: str, node: Instruction, context: Context) -> bool:
    return any(use.name == name for use in uses(node, context.build))


def _taken_up(name: str, context: Context) -> bool:
    """Whether a FROM, a later default, or an ARG of a stage has the name."""
    build = context.build
    if any(_uses(name, node, context) for node in [*build.head, *(stage.node for stage in build.stages)]):
        return True
    return any(pair.key.text == name for stage in build.stages for _, pair in _declared(stage.instructions))
