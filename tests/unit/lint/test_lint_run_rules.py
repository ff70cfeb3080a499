"""Rules about commands in RUN: where they speak, where they are silent, what their fixes make."""

from __future__ import annotations

import pytest

from jettison.lint.rule import Rule
from jettison.lint.rules.bashism_in_posix_shell import BashismInPosixShell
from jettison.lint.rules.curl_without_fail import CurlWithoutFail
from jettison.lint.rules.heredoc_without_errexit import HeredocWithoutErrexit
from jettison.lint.rules.instruction_inside_run import InstructionInsideRun
from jettison.lint.rules.leading_cd import LeadingCd
from jettison.lint.rules.pipe_without_pipefail import PipeWithoutPipefail
from jettison.lint.rules.pointless_command import PointlessCommand
from jettison.lint.rules.process_started_in_build import ProcessStartedInBuild
from jettison.lint.rules.sh_replaced_by_link import ShReplacedByLink
from jettison.lint.rules.state_lost_with_shell import StateLostWithShell
from jettison.lint.rules.sudo_in_build import SudoInBuild
from jettison.lint.rules.useradd_with_large_uid import UseraddWithLargeUid
from jettison.lint.rules.wget_and_curl import WgetAndCurl
from jettison.lint.rules.wget_progress_bar import WgetProgressBar
from jettison.lint.testing import complete, findings, fixed, marked

ALPINE = "FROM alpine:3.20\n"
BASH = 'FROM debian:12\nSHELL ["/bin/bash", "-c"]\n'


@pytest.mark.parametrize(
    ("rule", "text", "places"),
    [
        (LeadingCd, "RUN cd /x && make", ["cd /x"]),
        (LeadingCd, "RUN set -eux; cd /x; make", ["cd /x"]),
        (LeadingCd, "RUN cd /x && for f in *; do cat $f; done", ["cd /x"]),
        (LeadingCd, "ARG D=/x\nRUN cd $D && make", ["cd $D"]),
        (StateLostWithShell, "RUN export A=b", ["export A=b"]),
        (StateLostWithShell, "RUN mkdir /x && cd /x", ["cd /x"]),
        (StateLostWithShell, "RUN make && . /opt/venv/bin/activate", [". /opt/venv/bin/activate"]),
        (StateLostWithShell, "RUN A=1; export A; cd /x", ["A=1", "export A", "cd /x"]),
        (StateLostWithShell, "RUN umask 077", ["umask 077"]),
        (SudoInBuild, "RUN make && sudo make install", ["sudo"]),
        (SudoInBuild, "RUN bash -c 'sudo make'", ["sudo"]),
        (PointlessCommand, "RUN top", ["top"]),
        (PointlessCommand, "RUN apt-get update && vim /etc/hosts", ["vim"]),
        (PointlessCommand, "RUN mount -t tmpfs none /x", ["mount"]),
        (ProcessStartedInBuild, "RUN service mysql start", ["service mysql start"]),
        (ProcessStartedInBuild, "RUN /etc/init.d/ssh start", ["/etc/init.d/ssh start"]),
        (ProcessStartedInBuild, "RUN systemctl start x && make", ["systemctl start x"]),
        (ProcessStartedInBuild, "RUN redis-server &", ["&"]),
        (WgetAndCurl, "RUN apk add wget\nRUN wget a\nRUN curl b", ["curl"]),
        (WgetProgressBar, "RUN sudo wget https://x/y", ["wget"]),
        (WgetProgressBar, f"{ALPINE}RUN apk add wget && wget https://x/y", ["wget"]),
        (UseraddWithLargeUid, "RUN useradd -u 1000660000 a", ["1000660000"]),
        (UseraddWithLargeUid, "ARG N=100000\nRUN useradd --uid=$N a", ["--uid=$N"]),
        (PipeWithoutPipefail, "RUN curl x | tar xz", ["|"]),
        (PipeWithoutPipefail, "RUN echo | grep x | wc", ["|"]),
        (PipeWithoutPipefail, "RUN A=$(curl x | jq .y)", ["|"]),
        (PipeWithoutPipefail, "RUN cat x | sh; set -o pipefail", ["|"]),
        (PipeWithoutPipefail, 'RUN ["bash", "-c", "curl x | sh"]', ["|"]),
        (ShReplacedByLink, "RUN ln -sf /bin/bash /bin/sh", ["/bin/sh"]),
        (ShReplacedByLink, "RUN mv /bin/bash /usr/bin/sh", ["/usr/bin/sh"]),
        (HeredocWithoutErrexit, "RUN <<EOF\na\nb\nEOF", ["a"]),
        (HeredocWithoutErrexit, "RUN bash <<EOF\n a\n b\nEOF", ["a"]),
        (BashismInPosixShell, "RUN [[ -f x ]] && make", ["[[ -f x ]]"]),
        (BashismInPosixShell, "RUN mkdir -p /x/{a,b}", ["/x/{a,b}"]),
        (BashismInPosixShell, "RUN source /x", ["source"]),
        (BashismInPosixShell, "RUN make &> /dev/null", ["&> /dev/null"]),
        (BashismInPosixShell, "RUN a=(1 2) && diff <(a) x", ["(1 2)", "<(a)"]),
        (BashismInPosixShell, "RUN echo ${A//x/y} ${!B}", ["${A//x/y}", "${!B}"]),
        (BashismInPosixShell, "RUN set -o pipefail && make", ["set"]),
        (BashismInPosixShell, f"{ALPINE}RUN cat <<< x", ["<<< x"]),
        (InstructionInsideRun, "RUN a && RUN b", ["RUN"]),
        (InstructionInsideRun, "RUN apt-get install x \\\nCMD y", ["CMD"]),
        (CurlWithoutFail, "RUN curl -sSLo /x https://a/b", ["curl"]),
        (CurlWithoutFail, "RUN curl https://a/b > /x", ["curl"]),
        (CurlWithoutFail, "RUN curl -L https://a/b | tar xz", ["curl"]),
    ],
)
def test_rule_speaks(rule: type[Rule], text: str, places: list[str]) -> None:
    """The finding underlines exactly what is wrong."""
    assert marked(rule, complete(text)) == places


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (LeadingCd, "RUN make && cd /x && make"),
        (LeadingCd, "RUN (cd /x && make)"),
        (LeadingCd, "RUN cd $(mktemp -d) && make"),
        (LeadingCd, "RUN cd /x"),
        (StateLostWithShell, "RUN export A=b && make"),
        (StateLostWithShell, "RUN cd /x && make && cd /y"),
        (StateLostWithShell, "RUN . /setup/install"),
        (StateLostWithShell, "RUN make && cd .."),
        (SudoInBuild, "RUN apt-get install -y sudo"),
        (PointlessCommand, "RUN ps aux | grep x"),
        (PointlessCommand, "RUN --mount=type=ssh ssh -T git@github.com"),
        (PointlessCommand, "RUN server & sleep 1; kill $!"),
        (PointlessCommand, "RUN vim --version"),
        (PointlessCommand, "RUN --security=insecure mount -t proc none /p"),
        (ProcessStartedInBuild, "RUN service mysql start && mysql -e 'CREATE DATABASE x'"),
        (ProcessStartedInBuild, "RUN systemctl enable x"),
        (ProcessStartedInBuild, "RUN server & make test"),
        (ProcessStartedInBuild, "RUN make 2>&1"),
        (WgetAndCurl, "RUN wget a\nRUN curl b"),
        (WgetAndCurl, "FROM a:1 AS x\nRUN apk add curl && curl a\nFROM b:1\nRUN wget b"),
        (WgetAndCurl, "RUN apt-get install -y wget curl && wget a && apt-get purge -y wget\nRUN curl b"),
        (WgetProgressBar, "RUN wget -q https://x"),
        (WgetProgressBar, "RUN wget -nv https://x"),
        (WgetProgressBar, "RUN wget --progress=dot:giga https://x"),
        (WgetProgressBar, "RUN wget https://x 2>/dev/null"),
        (WgetProgressBar, f"{ALPINE}RUN wget https://x"),
        (UseraddWithLargeUid, "RUN useradd -l -u 1000660000 a"),
        (UseraddWithLargeUid, "RUN useradd -u 1000 a"),
        (UseraddWithLargeUid, "RUN useradd -u $N a"),
        (PipeWithoutPipefail, "RUN echo a | tee b"),
        (PipeWithoutPipefail, "RUN { echo a; echo b; } | tee c"),
        (PipeWithoutPipefail, "RUN if curl x | grep -q y; then make; fi"),
        (PipeWithoutPipefail, "RUN make $(curl x | jq .y)"),
        (PipeWithoutPipefail, "RUN curl x | sh || true"),
        (PipeWithoutPipefail, "RUN grep x SUMS | sha256sum -c -"),
        (PipeWithoutPipefail, f"{ALPINE}RUN set -eo pipefail; curl x | sh"),
        (PipeWithoutPipefail, 'SHELL ["/bin/bash", "-eo", "pipefail", "-c"]\nRUN curl x | sh'),
        (PipeWithoutPipefail, "RUN bash -o pipefail -c 'curl x | sh'"),
        (PipeWithoutPipefail, "FROM mcr.microsoft.com/windows/nanoserver:ltsc2022\nRUN type a | find b"),
        (ShReplacedByLink, "RUN ln -s /bin/sh /usr/local/bin/sh2"),
        (HeredocWithoutErrexit, "RUN <<EOF\nset -eux\na\nb\nEOF"),
        (HeredocWithoutErrexit, "RUN <<EOF\n#!/bin/bash -e\na\nb\nEOF"),
        (HeredocWithoutErrexit, "RUN <<EOF\na && b\nEOF"),
        (HeredocWithoutErrexit, "RUN bash -e <<EOF\na\nb\nEOF"),
        (HeredocWithoutErrexit, "RUN python3 <<EOF\na\nb\nEOF"),
        (HeredocWithoutErrexit, "COPY <<EOF /x\na\nb\nEOF"),
        (HeredocWithoutErrexit, 'SHELL ["/bin/bash", "-ec"]\nRUN <<EOF\na\nb\nEOF'),
        (BashismInPosixShell, f"{BASH}RUN [[ -f x ]] && source y"),
        (BashismInPosixShell, "RUN bash -c '[[ -f x ]]'"),
        (BashismInPosixShell, "FROM fedora:40\nRUN [[ -f x ]]"),
        (BashismInPosixShell, "FROM unknown/image:1\nRUN [[ -f x ]]"),
        (BashismInPosixShell, f"{ALPINE}RUN [[ -f x ]] && source y"),
        (BashismInPosixShell, "RUN echo '{a,b}' \"${x:-{a,b}}\" && find . -exec rm {} \\;"),
        (BashismInPosixShell, "RUN echo ${A:-b} ${A%x} ${A:?m} $((1 + 2))"),
        (InstructionInsideRun, "RUN echo RUN CMD"),
        (InstructionInsideRun, "RUN make \\\n  ADD"),
        (CurlWithoutFail, "RUN curl -fsSL https://a/b -o x"),
        (CurlWithoutFail, "RUN curl --fail-with-body https://a/b -o x"),
        (CurlWithoutFail, "RUN curl -s https://a/b"),
        (CurlWithoutFail, "RUN curl -o /dev/null https://a/b"),
        (CurlWithoutFail, "RUN curl -o x http://localhost:80/"),
        (CurlWithoutFail, "RUN curl -d x=y -o z https://a/b"),
    ],
)
def test_rule_is_silent(rule: type[Rule], text: str) -> None:
    """What only looks alike, or is not known, is no finding."""
    assert findings(rule, complete(text)) == []


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        (LeadingCd, "WORKDIR /a\nRUN cd /x && make\n", "WORKDIR /a\nWORKDIR /x\nRUN make\nWORKDIR /a\n"),
        (LeadingCd, "RUN cd /x && \\\n  make\nWORKDIR /b\n", "WORKDIR /x\nRUN make\nWORKDIR /b\n"),
        (LeadingCd, "RUN cd /x && A=1 make\n", "WORKDIR /x\nRUN A=1 make\nWORKDIR /\n"),
        (StateLostWithShell, 'RUN export A=b C="d e"\n', 'ENV A=b C="d e"\n'),
        (StateLostWithShell, "RUN cd /x\n", "WORKDIR /x\n"),
        (StateLostWithShell, "RUN export A=$(b)\n", "RUN export A=$(b)\n"),
        (SudoInBuild, "RUN sudo -E make && sudo x\n", "RUN make && x\n"),
        (SudoInBuild, "RUN sudo -u app make\n", "RUN sudo -u app make\n"),
        (SudoInBuild, "USER app\nRUN sudo make\n", "USER app\nRUN sudo make\n"),
        (WgetProgressBar, "RUN a && \\\n  wget x://y\n", "RUN a && \\\n  wget --progress=dot:giga x://y\n"),
        (UseraddWithLargeUid, "RUN useradd -u 100000 a\n", "RUN useradd -l -u 100000 a\n"),
        (CurlWithoutFail, "RUN curl -o x https://a/b\n", "RUN curl -f -o x https://a/b\n"),
        (ShReplacedByLink, "RUN ln -s bash /bin/sh\n", 'SHELL ["/bin/bash", "-c"]\n'),
        (ShReplacedByLink, "RUN x && ln -s bash /bin/sh\n", "RUN x && ln -s bash /bin/sh\n"),
        (HeredocWithoutErrexit, "RUN <<EOF\na\nb\nEOF\n", "RUN <<EOF\nset -e\na\nb\nEOF\n"),
        (
            HeredocWithoutErrexit,
            "RUN <<EOF\n#!/bin/bash\na\nb\nEOF\n",
            "RUN <<EOF\n#!/bin/bash\nset -e\na\nb\nEOF\n",
        ),
        (BashismInPosixShell, "RUN source /x\n", "RUN . /x\n"),
        (BashismInPosixShell, "RUN make &>> /l\n", "RUN make >> /l 2>&1\n"),
        (BashismInPosixShell, "RUN [ a == b ] && x\n", "RUN [ a = b ] && x\n"),
        (BashismInPosixShell, "RUN [[ a ]]\n", 'SHELL ["/bin/bash", "-c"]\nRUN [[ a ]]\n'),
        (InstructionInsideRun, "RUN a && \\\n RUN b\n", "RUN a && \\\n b\n"),
        (
            PipeWithoutPipefail,
            "RUN curl x | sh\n",
            'SHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN curl x | sh\n',
        ),
    ],
)
def test_fix(rule: type[Rule], before: str, after: str) -> None:
    """Fixes change what they say; where the result could differ there is none."""
    head = "FROM debian:12.5\n"
    assert fixed(rule, head + before, unsafe=True) == head + after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("RUN curl x | sh\n", "RUN set -o pipefail && curl x | sh\n"),
        ("RUN set -eux; curl x | sh\n", "RUN set -eux -o pipefail; curl x | sh\n"),
        ("RUN <<E\ncurl x | sh\nE\n", "RUN <<E\nset -o pipefail\ncurl x | sh\nE\n"),
    ],
)
def test_pipefail_is_set_in_the_script_where_the_shell_knows_it(before: str, after: str) -> None:
    """The ash of Alpine has pipefail, so SHELL stays."""
    assert fixed(PipeWithoutPipefail, ALPINE + before, unsafe=True) == ALPINE + after


def test_unsafe_fixes_wait_for_permission() -> None:
    """`--fix` alone does not set pipefail."""
    text = f"{ALPINE}RUN curl x | sh\n"
    assert fixed(PipeWithoutPipefail, text) == text


def test_reasons_name_the_shell_and_the_program() -> None:
    """Messages say which shell it is, and whose failure is lost."""
    assert "dash" in findings(BashismInPosixShell, "FROM debian:12\nRUN [[ a ]]\n")[0].message
    assert "`curl`" in findings(PipeWithoutPipefail, "FROM debian:12\nRUN curl x | sh\n")[0].message
