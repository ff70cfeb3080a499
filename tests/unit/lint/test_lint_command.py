"""The command: formats, files for reports, baseline, ShellCheck, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from jettison.cli.lint import command
from jettison.errors import HostError, UsageError
from jettison.lint.shellcheck import find_program

DOCKERFILE = "FROM debian:12.5\nRUN apt-get install curl && ls $X\n"

needs_shellcheck = pytest.mark.skipif(find_program() is None, reason="ShellCheck is not installed")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one Dockerfile, and a cache of its own."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile").write_text(DOCKERFILE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments), standalone_mode=False)


def test_several_formats_at_once_each_in_its_file(folder: Path) -> None:
    done = call(
        "--select", "PKG101", "--format", "text", "--format", "sarif=a.sarif", "--format", "junit=a.xml"
    )
    assert done.return_value == 1
    assert "app/Dockerfile:2:13" in done.stdout
    assert json.loads((folder / "a.sarif").read_text())["runs"][0]["results"][0]["ruleId"] == "PKG101"
    assert ElementTree.parse(folder / "a.xml").getroot().get("failures") == "1"


def test_an_unknown_format_is_refused_before_anything_is_linted() -> None:
    assert isinstance(call("--format", "sarf").exception, UsageError)


def test_a_report_that_cannot_be_written_is_an_error_of_the_host() -> None:
    assert isinstance(call("--format", "json=no/such/folder").exception, HostError)


def test_a_baseline_silences_what_is_there_today(folder: Path) -> None:
    assert call("--write-baseline", "--baseline", "known.json").return_value == 0
    assert call("--baseline", "known.json").return_value == 0
    (folder / "app" / "Dockerfile").write_text(f"{DOCKERFILE}RUN apt-get install wget\n")
    done = call("--baseline", "known.json", "--format", "github", "--select", "PKG101")
    assert done.return_value == 1
    assert [line.split("line=")[1][0] for line in done.stdout.splitlines()] == ["3"]


def test_writing_a_baseline_needs_its_name() -> None:
    assert isinstance(call("--write-baseline").exception, UsageError)


@needs_shellcheck
def test_shellcheck_runs_unless_rules_are_selected_or_it_is_turned_off() -> None:
    assert "SC2086" in call("--format", "github").stdout
    assert "SC2086" not in call("--format", "github", "--no-shellcheck").stdout
    assert "SC2086" not in call("--format", "github", "--select", "PKG101").stdout
    assert "SC2086" in call("--format", "github", "--select", "PKG101", "--shellcheck").stdout
    assert "SC2086" not in call("--format", "github", "--ignore", "SC2086").stdout


@needs_shellcheck
def test_unsafe_fixes_take_in_those_of_shellcheck(folder: Path) -> None:
    call("--fix", "--unsafe-fixes", "--select", "PKG101", "--shellcheck")
    text = (folder / "app" / "Dockerfile").read_text()
    assert text == 'FROM debian:12.5\nRUN apt-get install -y curl && ls "$X"\n'
