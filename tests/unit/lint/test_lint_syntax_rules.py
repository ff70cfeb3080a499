"""Rules about syntax and form."""

from __future__ import annotations

import pytest

from jettison.lint.rule import Rule
from jettison.lint.rules.argument_count import ArgumentCount
from jettison.lint.rules.broken_exec_form import BrokenExecForm
from jettison.lint.rules.empty_continuation import EmptyContinuation
from jettison.lint.rules.from_as_casing import FromAsCasing
from jettison.lint.rules.instruction_casing import InstructionCasing
from jettison.lint.rules.late_directive import LateDirective
from jettison.lint.rules.misleading_character import MisleadingCharacter
from jettison.lint.rules.no_stage import NoStage
from jettison.lint.rules.trailing_comment import TrailingComment
from jettison.lint.rules.trigger_refused import TriggerRefused
from jettison.lint.rules.unknown_flag import UnknownFlag
from jettison.lint.rules.unknown_instruction import UnknownInstruction
from jettison.lint.testing import complete, findings, fixed, marked


@pytest.mark.parametrize(
    ("rule", "text", "places"),
    [
        (UnknownInstruction, "RUNN x", ["RUNN"]),
        (UnknownInstruction, "RUN x\n  && y", ["&&"]),
        (UnknownInstruction, "{{ a }}\n{{ b }}\nRUN x\n{{ c }}", ["{{", "{{"]),
        (UnknownInstruction, "ONBUILD RUNN x", ["RUNN"]),
        (ArgumentCount, "FROM debian:12.5 build", ["FROM"]),
        (ArgumentCount, "FROM debian:12.5 IS build", ["FROM"]),
        (ArgumentCount, "ADD a", ["ADD"]),
        (ArgumentCount, "USER\nWORKDIR\nEXPOSE", ["USER", "WORKDIR", "EXPOSE"]),
        (ArgumentCount, "SHELL /bin/bash -c", ["SHELL"]),
        (ArgumentCount, "ONBUILD", ["ONBUILD"]),
        (ArgumentCount, "HEALTHCHECK curl x", ["HEALTHCHECK"]),
        (ArgumentCount, "HEALTHCHECK --retries=3 CMD", ["HEALTHCHECK"]),
        (ArgumentCount, "HEALTHCHECK NONE x", ["HEALTHCHECK"]),
        (UnknownFlag, "RUN --mounts=type=cache,target=/x x", ["--mounts=type=cache,target=/x"]),
        (UnknownFlag, "ENTRYPOINT --verbose", ["--verbose"]),
        (BrokenExecForm, "ENTRYPOINT [\u201ca\u201d, \u201cb\u201d]", ["[\u201ca\u201d, \u201cb\u201d]"]),
        (BrokenExecForm, 'CMD ["C:\\app\\x.exe"]', ['["C:\\app\\x.exe"]']),
        (BrokenExecForm, "HEALTHCHECK CMD ['a']", ["['a']"]),
        (BrokenExecForm, 'VOLUME ["/a" "/b"]', ['["/a" "/b"]']),
        (EmptyContinuation, "RUN a \\\n\n\n && b \\\n\n && c", ["", ""]),
        (InstructionCasing, "Run a\nrun b\nRUN c\nRUN d", ["Run", "run"]),
        (FromAsCasing, "from debian:12.5 AS a", ["AS"]),
        (TrailingComment, "USER app # not root", ["# not root"]),
        (TrailingComment, "ARG A=1 # one", ["# one"]),
        (TrailingComment, "COPY a /b #c", ["#c"]),
        (TrailingComment, 'CMD ["a"] # start', ["# start"]),
        (TrailingComment, "EXPOSE 80 # web", ["# web"]),
        (TriggerRefused, "ONBUILD MAINTAINER me\nONBUILD ONBUILD RUN x", ["MAINTAINER", "ONBUILD"]),
        (LateDirective, "FROM debian:12.5\n# escape=`", ["# escape=`"]),
        (LateDirective, "\n\n# a\n# syntax=docker/dockerfile:1\nFROM a:1", ["# syntax=docker/dockerfile:1"]),
        (MisleadingCharacter, "RUN a\u200bb\u200bc\n# \u202e!", ["\u200b", "\u202e"]),
    ],
)
def test_speaks(rule: type[Rule], text: str, places: list[str]) -> None:
    """Each is found where it stands."""
    assert marked(rule, complete(text)) == places


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (UnknownInstruction, "run x\nHealthcheck NONE"),
        (ArgumentCount, "FROM debian:12.5 as b\nCOPY <<E /a\nx\nE\nCMD\nENTRYPOINT []"),
        (ArgumentCount, "ENV A"),
        (UnknownFlag, 'CMD ["--verbose"]\nCOPY --link --parents a /b\nRUN x --mounts'),
        (UnknownFlag, "# syntax=example.org/other:1\nFROM debian:12.5\nRUN --own x"),
        (BrokenExecForm, 'RUN [ -f "/a" ] && [ "$A" ]\nCMD [ ]\nVOLUME ["/a"]\nCOPY [a] /b'),
        (EmptyContinuation, "RUN a \\\n# why\n && b\n\nRUN c"),
        (EmptyContinuation, "RUN a \\\n\n"),
        (InstructionCasing, "from debian:12.5\nrun a\nrun b"),
        (FromAsCasing, "from debian:12.5 as a\nFROM a AS b\nFROM b"),
        (TrailingComment, "RUN a # why\nCMD a # why\nENTRYPOINT exec a # why"),
        (TrailingComment, "ENV A='x # y' B=#c\nLABEL a=\"b # c\"\nCOPY a#b /c\nENV C #fff000"),
        (TrailingComment, "COPY <<E /a\n# x\nE"),
        (TriggerRefused, "ONBUILD RUN x"),
        (LateDirective, "# syntax=docker/dockerfile:1\n# escape=`\nFROM a:1\n# syntax = see above\n"),
        (MisleadingCharacter, "# na\u00efve \u2014 caf\u00e9"),
    ],
)
def test_is_silent(rule: type[Rule], text: str) -> None:
    """What is right, or is left to another rule."""
    assert marked(rule, complete(text)) == []


def test_a_byte_order_mark_at_the_start_does_not_mislead() -> None:
    """There it says how the file is encoded; anywhere else it is invisible text."""
    assert findings(MisleadingCharacter, "\ufeffFROM a:1\n") == []
    assert len(findings(MisleadingCharacter, "FROM a:1\nRUN \ufeffx\n")) == 1


@pytest.mark.parametrize("text", ["", "# nothing\n", "# syntax=docker/dockerfile:1\nARG A=1\n"])
def test_a_file_without_stage(text: str) -> None:
    """No instruction, or none that begins a stage."""
    assert len(findings(NoStage, text)) == 1


def test_a_file_with_a_stage_or_with_a_worse_mistake() -> None:
    """FROM is there, or what stands in its place is reported by another rule."""
    assert findings(NoStage, "FROM a:1") == []
    assert findings(NoStage, "RUN x\n") == []


@pytest.mark.parametrize(
    ("rule", "text", "after"),
    [
        (UnknownInstruction, "RUN a\n  && b", "RUN a \\\n    && b"),
        (UnknownInstruction, "copyy a /b", "COPY a /b"),
        (UnknownFlag, "COPY --form=a b /c", "COPY --from=a b /c"),
        (BrokenExecForm, "CMD ['a', 'b',]", 'CMD ["a", "b"]'),
        (BrokenExecForm, 'CMD ["C:\\app\\x.exe"]', 'CMD ["C:\\\\app\\\\x.exe"]'),
        (BrokenExecForm, 'HEALTHCHECK --retries=2 CMD ["a" "b"]', 'HEALTHCHECK --retries=2 CMD ["a" "b"]'),
        (EmptyContinuation, "RUN a \\\n\n# c\n\n && b", "RUN a \\\n# c\n && b"),
        (InstructionCasing, "Run a\nRUN b", "RUN a\nRUN b"),
        (FromAsCasing, "FROM a:1 as \\\n b", "FROM a:1 AS \\\n b"),
        (TrailingComment, "  USER app  # why", "  # why\n  USER app"),
        (TrailingComment, "COPY a \\\n b /c # why", "COPY a \\\n b /c # why"),
    ],
)
def test_fixes(rule: type[Rule], text: str, after: str) -> None:
    """What the fix makes of it; the same text where none is offered."""
    assert fixed(rule, complete(text), unsafe=True) == complete(after)
