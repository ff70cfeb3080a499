"""RUN101 leading-cd."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Build
from jettison.lint.command import Command, Scope
from jettison.lint.fix import Applicability, Edit, Fix, delete, insert
from jettison.lint.fix import Scope as FixScope
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._script import following, next_instruction, preceding
from jettison.lint.source import Span


class LeadingCd(Rule):
    r"""Flags `cd` at the start of RUN, where WORKDIR would say it.

    ## What it does
    Looks for a RUN whose first command (after `set`) is `cd` into a folder that is known, followed by
    others. A `cd` in the middle of a RUN is left alone: WORKDIR could only say it if the instruction were
    split in two, and what the second half deletes would stay in the layer of the first.

    ## Why is this bad?
    The folder holds for this instruction only, so the next one has to change it again, and whoever reads
    the file has to know. WORKDIR is visible in the image, works for CMD too, and creates the folder.

    ## Example
    ```dockerfile
    WORKDIR /
    RUN cd /srv/app && make install
    ```

    ## Use instead
    ```dockerfile
    WORKDIR /srv/app
    RUN make install
    ```

    ## When to ignore
    Where the folder matters to one instruction only, and a WORKDIR there and back is longer than the `cd`.

    ## Fix safety
    Unsafe: WORKDIR creates a folder that is not there, where `cd` would fail. The folder from before is
    set again behind the instruction, and without knowing it no fix is offered.

    ## Sources
    - hadolint DL3003, trivy DS-0013
    - Dockerfile reference, WORKDIR
    """

    code = "RUN101"
    name = "leading-cd"
    severity = Severity.STYLE
    aliases = ("DL3003", "DS-0013", "DS013")
    fixable = Applicability.UNSAFE
    programs = frozenset({"cd"})

    def command(self, command: Command, context: Context) -> Iterator[Finding]:
        """A `cd` that nothing but `set` precedes, and something follows."""
        target = command.operands()[:1]
        if not target or not target[0].value or target[0].value in ("-", "~") or command.scopes:
            return
        rest = following(command, context.build)
        if not rest or rest[0].operator not in ("&&", ";"):
            return
        if any(item.name != "set" for item in preceding(command, context.build)):
            return
        message = f"`cd {target[0].text}` holds for this RUN only; WORKDIR holds for what follows too"
        yield self.at(command.span, message, fix=_fix(command, target[0].value, rest[0], context))


def _fix(command: Command, folder: str, then: Command, context: Context) -> Fix | None:
    node = command.instruction
    if not command.editable or command.script is None or command.script.wrappers or " " in folder:
        return None
    if Scope.SUBSHELL in then.scopes or node.index < 0:
        return None
    back = _way_back(command, context.build, context)
    if back is None:
        return None
    newline = context.source.newline
    edits = [insert(node.span.start, f"WORKDIR {folder}{newline}"), delete(_place(command, then))]
    return Fix("use WORKDIR", (*edits, *back), Applicability.UNSAFE, FixScope.CONFIG)


def _place(command: Command, then: Command) -> Span:
    """The `cd` with what joins it to the next command; variables set for that command stay."""
    start = min(
        [then.statement.start, then.name_span.start, *(arg.span.start for _, arg in then.assignments)]
    )
    return Span(command.span.start, start)


def _way_back(command: Command, build: Build, context: Context) -> list[Edit] | None:
    """What sets the folder from before again; None if that folder is not known."""
    node = command.instruction
    after = next_instruction(node, build)
    if after is not None and after.keyword == "WORKDIR" and after.arguments.text.startswith("/"):
        return []
    before = build.state(node).workdir
    if before is None:
        return None
    return [insert(node.span.end, f"{context.source.newline}WORKDIR {before}")]
