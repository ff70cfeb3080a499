"""ShellCheck: the same findings as when it is run by hand, at their places in the Dockerfile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jettison.errors import HostError
from jettison.lint import shellcheck
from jettison.lint.config import Settings
from jettison.lint.engine import lint, make_context
from jettison.lint.fix import apply
from jettison.lint.rule import Context, Finding, Severity
from jettison.lint.shellcheck import GAVE_UP, ShellCheck, find_program
from jettison.lint.source import Source

PROGRAM = find_program()
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="ShellCheck is not installed")

SCRIPTS = [
    "cd /x; rm $1 `ls`",
    "apt-get update \\\n    && echo $foo \\\n\t&& cd $bar; \\\n    ls | grep x > $out",
    'echo "é ü" $ä $foo \\\n  "日本" $bar',
    "for x in $(ls *.c); do \\\n  gcc $x; \\\ndone",
    "if [ $a == b ]; then \\\n  echo -e \\'x\\'; \\\nfi",
]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own for each test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "jettison" / "shellcheck"


def checker() -> ShellCheck:
    assert PROGRAM is not None
    return ShellCheck(PROGRAM)


def context(text: str, **settings: object) -> Context:
    return make_context(Source(text), Settings(**settings))  # type: ignore[arg-type]


def findings(text: str) -> list[Finding]:
    """What ShellCheck finds in one Dockerfile."""
    (found,) = checker().findings([context(text)])
    return found


def codes(text: str) -> list[str]:
    return [finding.code for finding in findings(text)]


def places(text: str) -> set[tuple[str, int, int]]:
    """Code, line and column of each finding."""
    source = Source(text)
    return {(finding.code, *source.position(finding.span.start)) for finding in findings(text)}


def directly(script: str, folder: Path) -> set[tuple[str, int, int]]:
    """Code, line and column of what ShellCheck itself says about a script."""
    path = folder / "script"
    path.write_text(f"#!/bin/dash\n{script}\n", encoding="utf-8")
    done = subprocess.run(
        [str(PROGRAM), "--norc", "--format=json1", str(path)],
        capture_output=True,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    comments = json.loads(done.stdout)["comments"]
    return {(f"SC{item['code']}", item["line"] - 1, item["column"]) for item in comments}


@pytest.mark.parametrize("script", SCRIPTS)
def test_findings_are_those_of_shellcheck_at_the_same_places(script: str, tmp_path: Path) -> None:
    """Line 2 of the Dockerfile is line 1 of the script, its first column the fifth."""
    expected = directly(script, tmp_path)
    moved = {(code, line + 1, column + (4 if line == 1 else 0)) for code, line, column in expected}
    assert expected
    assert places(f"FROM debian:12\nRUN {script}\n") == moved


def test_comments_between_continued_lines_do_not_move_places() -> None:
    text = "FROM debian:12\nRUN a=1 && \\\n# say it\n\n    echo $b\n"
    assert ("SC2086", 5, 10) in places(text)


def test_heredocs_are_checked_in_the_shell_of_their_shebang() -> None:
    text = "FROM debian:12\nRUN <<EOF\n#!/bin/bash\nif [[ a == b ]]; then\n\tcd $x\nfi\nEOF\n"
    found = places(text)
    assert ("SC2164", 5, 2) in found
    assert not any(code.startswith("SC3") or code == "SC1128" for code, _, _ in found)


def test_the_shell_decides_what_is_portable() -> None:
    assert "SC3010" in codes("FROM debian:12\nRUN [[ $x ]]\n")
    bash = 'FROM debian:12\nSHELL ["/bin/bash", "-c"]\nRUN [[ $x ]]\n'
    assert "SC3010" not in codes(bash)
    assert codes('FROM debian:12\nSHELL ["pwsh", "-c"]\nRUN cd $x; ls\n') == []
    assert codes("FROM alpine:3\nRUN set -o pipefail; true | true\n") == []
    assert "SC2164" not in codes('FROM debian:12\nSHELL ["/bin/sh", "-ec"]\nRUN cd /x; ls\n')


def test_variables_of_the_dockerfile_are_known() -> None:
    """A constant without blanks needs no quotes; a build argument might have some."""
    assert codes("FROM debian:12\nENV a=/srv/app\nRUN ls $a\n") == []
    assert codes("FROM debian:12\nENV a='x y'\nRUN ls $a\n") == ["SC2086"]
    assert codes("FROM debian:12\nARG a\nRUN ls $a\n") == ["SC2086"]
    assert sorted(codes("FROM debian:12\nRUN ls $a\n")) == ["SC2086", "SC2154"]
    assert codes("FROM debian:12\nCMD ls $a\n") == ["SC2086"]


@pytest.mark.parametrize(
    "comment",
    [
        "# hadolint ignore=SC2086",
        "# shellcheck disable=SC2154,SC2086",
        "# shellcheck shell=dash disable=all # why",
        "# jettison: ignore SC2086 no blanks in it",
    ],
)
def test_ignore_comments_work(comment: str) -> None:
    text = f"FROM debian:12\n{comment}\nRUN ls $A\nRUN ls $B\n"
    report = lint(context(text), rules=[], extra=findings(text))
    assert [report.source.position(finding.span.start).line for finding in report.findings] == [4]
    assert [finding.code for finding in report.suppressed] == ["SC2086"]


def test_directives_inside_instructions_and_heredocs_work() -> None:
    inside = "FROM debian:12\nRUN true && \\\n # shellcheck disable=SC2086\n ls $A && \\\n ls $B\n"
    report = lint(context(inside), rules=[], extra=findings(inside))
    assert [report.source.position(finding.span.start).line for finding in report.findings] == [5]
    heredoc = "FROM debian:12\nENV C=1\nRUN <<EOF\n# shellcheck disable=SC2086\nls $A $C\nls $B\nEOF\n"
    assert codes(heredoc) == []


def test_disable_all_takes_away_only_what_shellcheck_says() -> None:
    text = "FROM debian:12\n# shellcheck disable=all\nRUN apt-get install $x\n"
    report = lint(context(text, preview=True), extra=findings(text))
    assert "PKG101" in {finding.code for finding in report.findings}
    assert not any(finding.code.startswith("SC") for finding in report.findings)


def test_settings_change_severity_and_ignore_codes() -> None:
    text = "FROM debian:12\nRUN ls $A\n"
    changed = context(text, severities={"SC2086": Severity.ERROR})
    (finding,) = lint(changed, rules=[], extra=findings(text)).findings
    assert finding.severity is Severity.ERROR
    assert finding.url == "https://www.shellcheck.net/wiki/SC2086"
    ignored = context(text, ignored_shellcheck=frozenset({"SC2086"}))
    assert lint(ignored, rules=[], extra=findings(text)).findings == []


def test_fixes_of_shellcheck_land_in_the_dockerfile() -> None:
    text = "FROM debian:12\nRUN true && \\\n    ls $A\\\n    $B\n"
    edits = [edit for finding in findings(text) if finding.fix for edit in finding.fix.edits]
    assert apply(text, edits) == 'FROM debian:12\nRUN true && \\\n    ls "$A"\\\n    "$B"\n'


def test_what_is_known_is_not_asked_again(cache: Path) -> None:
    text = "FROM debian:12\nRUN ls $A\n"
    expected = findings(text)
    (entry,) = cache.iterdir()
    before = entry.stat().st_mtime_ns
    assert findings(text) == expected
    assert entry.stat().st_mtime_ns == before
    entry.write_text("not JSON")
    assert findings(text) == expected


def test_a_script_that_is_too_long_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shellcheck, "MAX_SCRIPT_CHARS", 100)
    files = [context(f"FROM debian:12\nRUN ls {'x' * 100}\n"), context("FROM debian:12\nRUN ls $A\n")]
    assert [[item.code for item in found] for found in checker().findings(files)] == [[GAVE_UP], ["SC2086"]]


def test_one_script_that_takes_forever_does_not_take_the_others_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that ends badly when it is given one certain script."""
    program = tmp_path / "odd"
    program.write_text(f'#!/bin/sh\ngrep -qs bomb ? ?? && exit 9\nexec {PROGRAM} "$@"\n')
    program.chmod(0o755)
    files = [context(f"FROM debian:12\nRUN {name} $A\n") for name in ("a", "bomb", "c")]
    found = ShellCheck(program).findings(files)
    assert [[item.code for item in group] for group in found] == [
        ["SC2086"],
        [GAVE_UP],
        ["SC2086"],
    ]


def test_it_is_required_only_where_that_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_program() is None
    with pytest.raises(HostError) as caught:
        find_program(required=True)
    assert "pip install" in caught.value.hint
