"""RUN101 leading-cd."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Build
from jettison.lint.command import Command
from jettison.lint.fix import Applicability, Edit, Fix, Scope, delete, insert
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._layers import workdir_at
from jettison.lint.rules._script import joint_end, next_instruction, preceding
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
        end = joint_end(command)
        if end is None or any(item.name != "set" for item in preceding(command, context.build)):
            return
        message = f"`cd {target[0].text}` holds for this RUN only; WORKDIR holds for what follows too"
        yield self.at(command.span, message, fix=_fix(command, target[0].value, end, context))


def _fix(command: Command, folder: str, end: int, context: Context) -> Fix | None:
    node, script = command.instruction, command.script
    if script is None or not command.editable or script.wrappers or " " in folder or node.index < 0:
        return None
    back = _way_back(command, context.build, context)
    if back is None:
        return None
    newline = context.source.newline
    place = Span(command.span.start, script.text.at(end))
    edits = [insert(node.span.start, f"WORKDIR {folder}{newline}"), delete(place)]
    return Fix("use WORKDIR", (*edits, *back), Applicability.UNSAFE, Scope.CONFIG)


def _way_back(command: Command, build: Build, context: Context) -> list[Edit] | None:
    """What sets the folder from before again; None if that folder is not known."""
    node = command.instruction
    after = next_instruction(node, build)
    if after is not None and after.keyword == "WORKDIR" and after.arguments.text.startswith("/"):
        return []
    before = workdir_at(node, build)
    if before is None:
        return None
    return [insert(node.span.end, f"{context.source.newline}WORKDIR {before}")]
