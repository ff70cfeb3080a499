"""RUN113 instruction-inside-run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.command import Arg, Command
from jettison.lint.fix import Applicability, Fix, delete
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.source import Span

_KEYWORDS: Final = frozenset(
    {
        *("RUN", "COPY", "ADD", "ENV", "ARG", "WORKDIR", "CMD", "ENTRYPOINT", "EXPOSE", "USER", "LABEL"),
        *("VOLUME", "HEALTHCHECK", "STOPSIGNAL", "ONBUILD", "SHELL", "FROM"),
    }
)


class InstructionInsideRun(Rule):
    r"""Flags the name of an instruction in the middle of a RUN.

    ## What it does
    Looks in the commands of RUN for words such as `RUN`, `COPY` or `CMD` in upper case, where a program
    should stand (`… && RUN make`), or at the start of a line that a backslash above made part of the RUN.

    ## Why is this bad?
    The shell looks for a program called `RUN` and the build stops; or the instruction silently becomes
    arguments of the command above, and the image has no CMD.

    ## Example
    ```dockerfile
    RUN make && RUN make install
    ```

    ## Use instead
    ```dockerfile
    RUN make && make install
    ```

    ## When to ignore
    When a program really has that name.

    ## Fix safety
    Safe: only a `RUN` behind `&&`, `||` or `;` is removed; there is no such program.

    ## Sources
    - Dockerfile reference, "Format"; hadolint has no rule for it
    """

    code = "RUN113"
    name = "instruction-inside-run"
    severity = Severity.ERROR
    fixable = Applicability.SAFE

    def command(self, command: Command, context: Context) -> Iterator[Finding]:
        """Keywords as programs, and as the first word of a continued line."""
        if command.name in _KEYWORDS and command.name_span.end - command.name_span.start == len(command.name):
            message = f"the shell looks for a program called `{command.name}`"
            yield self.at(command.name_span, message, fix=_fix(command))
            return
        for arg in command.args:
            if arg.text in _KEYWORDS and _starts_line(arg, context):
                message = (
                    f"`{arg.text}` is an argument of `{command.name}`: the line above ends with a backslash"
                )
                yield self.at(arg.span, message)


def _fix(command: Command) -> Fix | None:
    if not command.editable or command.name != "RUN" or not command.operator or not command.args:
        return None
    if command.args[0].text.startswith("-"):
        return None
    return Fix("remove RUN", (delete(Span(command.name_span.start, command.args[0].span.start)),))


def _starts_line(arg: Arg, context: Context) -> bool:
    source = context.source
    line, column = source.position(arg.span.start)
    return line > 1 and not arg.quoted and not source.line(line)[: column - 1].strip() and column == 1
