"""Rules about ARG and ENV."""

from __future__ import annotations

import pytest

from jettison.lint.config import Settings
from jettison.lint.rule import Rule
from jettison.lint.rules.argument_hidden_by_variable import ArgumentHiddenByVariable
from jettison.lint.rules.argument_outside_its_scope import ArgumentOutsideItsScope
from jettison.lint.rules.argument_without_default_in_from import ArgumentWithoutDefaultInFrom
from jettison.lint.rules.debian_frontend_kept import DebianFrontendKept
from jettison.lint.rules.path_replaced import PathReplaced
from jettison.lint.rules.undefined_argument_in_from import UndefinedArgumentInFrom
from jettison.lint.rules.undefined_variable import UndefinedVariable
from jettison.lint.rules.unexpanded_command import UnexpandedCommand
from jettison.lint.rules.unexpanded_tilde import UnexpandedTilde
from jettison.lint.rules.unused_argument import UnusedArgument
from jettison.lint.rules.variable_in_exec_form import VariableInExecForm
from jettison.lint.rules.variable_of_same_instruction import VariableOfSameInstruction
from jettison.lint.testing import complete, findings, fixed, marked


@pytest.mark.parametrize(
    ("rule", "text", "places"),
    [
        (UndefinedVariable, "ENV APP_HOME=/a\nCOPY a $APP_HOEM/x", ["$APP_HOEM"]),
        (UndefinedVariable, "FROM scratch\nLABEL a=$ANY b=x${OTHER}y", ["$ANY", "${OTHER}"]),
        (ArgumentOutsideItsScope, "ARG V=1\nFROM a:1\nLABEL a=$V b=$V", ["$V"]),
        (ArgumentOutsideItsScope, "FROM a:1\nCOPY bin-$TARGETARCH \\\n /x", ["$TARGETARCH"]),
        (UndefinedArgumentInFrom, "FROM a:1 AS x\nARG V=1\nFROM b:$V", ["$V"]),
        (UndefinedArgumentInFrom, "FROM --platform=$BUILDPLATFROM a:1", ["$BUILDPLATFROM"]),
        (ArgumentWithoutDefaultInFrom, "ARG V\nARG R=team\nFROM $R/a:${V}", ["$R/a:${V}"]),
        (ArgumentWithoutDefaultInFrom, "ARG I\nFROM $I", ["$I"]),
        (VariableOfSameInstruction, "ENV A=1 \\\n    B=$A C=$A", ["$A"]),
        (VariableOfSameInstruction, "ENV A=1\nENV A=2 B=$A", ["$A"]),
        (UnusedArgument, "ARG A\nARG B=1\nFROM a:$A", ["B"]),
        (UnusedArgument, "FROM a:1\nARG A\nRUN x\nARG B\nARG C\nLABEL c=$C", ["B"]),
        (ArgumentHiddenByVariable, "ENV A=1\nARG A B", ["A"]),
        (ArgumentHiddenByVariable, "FROM a:1 AS x\nENV A=1\nFROM x\nARG A", ["A"]),
        (PathReplaced, 'ENV PATH="/a:/b"', ['"/a:/b"']),
        (UnexpandedTilde, "ENV PATH=$PATH:~/bin\nWORKDIR ~\nADD a b ~/", ["$PATH:~/bin", "~", "~/"]),
        (UnexpandedCommand, 'ENV A="$(nproc)"\nLABEL b=$(date)', ["$(nproc)", "$(date)"]),
        (VariableInExecForm, 'RUN ["make", "-j$N"]\nENTRYPOINT ["a", "${B}"]', ['"-j$N"', '"${B}"']),
        (DebianFrontendKept, "ENV DEBIAN_FRONTEND noninteractive", ["DEBIAN_FRONTEND"]),
    ],
)
def test_speaks(rule: type[Rule], text: str, places: list[str]) -> None:
    """Each is found where it stands."""
    assert marked(rule, complete(text)) == places


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (UndefinedVariable, "ENV A1=1 APP_A=2\nLABEL a=$A2 b=$APP_B c=$ANY"),
        (UndefinedVariable, "FROM scratch\nARG A\nLABEL a=$A b=${B:-1} c=$PATH d='\\$E'"),
        (UndefinedVariable, "ENV JAVA_HOME=/j\nRUN x $JAVA_HOEM\nCMD y $JAVA_HOEM"),
        (ArgumentOutsideItsScope, "ARG V=1\nFROM a:1\nARG V\nLABEL a=$V\nFROM b:1\nLABEL a=${V:-2}"),
        (ArgumentOutsideItsScope, "ARG NODE_VERSION=20\nFROM node:$NODE_VERSION\nLABEL a=$NODE_VERSION"),
        (ArgumentOutsideItsScope, "ARG BASE\nFROM $BASE\nLABEL a=$BASE"),
        (ArgumentOutsideItsScope, "FROM a:1 AS x\nARG V\nFROM x\nRUN y $V"),
        (UndefinedArgumentInFrom, "ARG V=1\nFROM --platform=$BUILDPLATFORM a:$V\nFROM b:${W:-2}"),
        (ArgumentWithoutDefaultInFrom, "ARG V=1\nARG W\nFROM a:$V$W\nFROM b:${W:-2}\nFROM c-$TARGETARCH"),
        (ArgumentWithoutDefaultInFrom, "FROM a:$V"),
        (VariableOfSameInstruction, "ENV A=1\nENV B=$A PATH=/x:$PATH C=$D D=1"),
        (VariableOfSameInstruction, "ENV A=1\nENV A=1 B=$A"),
        (VariableOfSameInstruction, "ARG A=1\nENV A=$A B='$A' C=\\$A"),
        (UnusedArgument, "ARG A=1\nARG B=$A\nFROM a:1\nARG B\nRUN x"),
        (UnusedArgument, "ARG TARGETARCH\nFROM a:1\nARG HTTP_PROXY\nARG SOURCE_DATE_EPOCH"),
        (UnusedArgument, "FROM a:1 AS x\nARG A\nFROM x\nRUN y"),
        (ArgumentHiddenByVariable, "ARG A=1\nENV A=$A\nFROM b:1\nARG A"),
        (PathReplaced, "ENV PATH=/a:$PATH\nENV PATH /usr/bin:/a\nENV MYPATH=/a\nENV PATH=$OTHER"),
        (PathReplaced, "FROM scratch\nENV PATH=/a"),
        (UnexpandedTilde, "RUN cd ~/x\nCOPY a~ /b~/c\nENV A=x~1 B='a ~/b'"),
        (UnexpandedCommand, "RUN a $(b)\nENV JAVA_OPTS=$(x) PS1='$(y)'\nENV A=\\$(c) B=$C"),
        (UnexpandedCommand, "COPY <<E /a\n$(x)\nE"),
        (VariableInExecForm, 'CMD ["sh", "-c", "a $B"]\nHEALTHCHECK CMD ["/bin/bash", "-c", "a $B"]'),
        (
            VariableInExecForm,
            'ENTRYPOINT ["/entrypoint.sh"]\nCMD ["a", "$B"]\nRUN ["a", "x$", "\\\\$B", "$1"]',
        ),
        (DebianFrontendKept, "ARG DEBIAN_FRONTEND=noninteractive"),
        (DebianFrontendKept, "ENV DEBIAN_FRONTEND=noninteractive\nRUN x\nENV DEBIAN_FRONTEND="),
        (DebianFrontendKept, "FROM a:1 AS x\nENV DEBIAN_FRONTEND=noninteractive\nFROM b:1"),
    ],
)
def test_is_silent(rule: type[Rule], text: str) -> None:
    """What is right, or may come from elsewhere."""
    assert marked(rule, complete(text)) == []


def test_a_build_argument_is_a_default() -> None:
    """What the configuration gives counts as given."""
    settings = Settings(build_args={"V": "3"})
    assert findings(ArgumentWithoutDefaultInFrom, "ARG V\nFROM a:$V\n", settings=settings) == []


@pytest.mark.parametrize(
    ("rule", "text", "after"),
    [
        (UndefinedVariable, "ARG APPNAME=1\nLABEL a=${APPNMAE}", "ARG APPNAME=1\nLABEL a=${APPNAME}"),
        (
            ArgumentOutsideItsScope,
            "ARG V=1\nFROM a:1\nRUN x\nLABEL a=$V",
            "ARG V=1\nFROM a:1\nRUN x\nARG V\nLABEL a=$V",
        ),
        (UndefinedArgumentInFrom, "ARG VERSION=1\nFROM a:${VERSIN}", "ARG VERSION=1\nFROM a:${VERSION}"),
        (VariableOfSameInstruction, "env A=1 \\\n    B=$A C=2", "env A=1\nenv B=$A C=2"),
        (UnusedArgument, "ARG A=1\n# x\nFROM a:1", "# x\nFROM a:1"),
        (UnusedArgument, "FROM a:1\nARG A B\n", "FROM a:1\nARG A B\n"),
        (PathReplaced, 'ENV PATH="/a"', 'ENV PATH="/a:$PATH"'),
        (
            DebianFrontendKept,
            "ENV DEBIAN_FRONTEND=noninteractive A=1",
            "ENV DEBIAN_FRONTEND=noninteractive A=1",
        ),
    ],
)
def test_fixes(rule: type[Rule], text: str, after: str) -> None:
    """What the fix makes of it; the same text where none is offered."""
    assert fixed(rule, complete(text), unsafe=True) == complete(after)
