"""The baseline: what is known is silent, what is new is not, and what is gone is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jettison.errors import HostError, UsageError
from jettison.lint import baseline
from jettison.lint.config import Settings
from jettison.lint.engine import Report, make_context
from jettison.lint.engine import lint as run_rules
from jettison.lint.rules.apt_get_without_yes import AptGetWithoutYes
from jettison.lint.source import Source

ONE = "FROM debian:12\nRUN apt-get install curl\n"


def lint(text: str, path: Path) -> Report:
    return run_rules(make_context(Source(text), Settings(), path=str(path)), rules=[AptGetWithoutYes()])


def test_known_findings_are_silent_wherever_they_move_and_new_ones_are_not(tmp_path: Path) -> None:
    file, known = tmp_path / "a" / "Dockerfile", tmp_path / "baseline.json"
    assert baseline.write(known, [lint(ONE, file)]) == 1
    report = lint(f"# more\n{ONE}RUN apt-get install wget\nRUN apt-get install curl\n", file)
    assert baseline.apply(baseline.load(known), known, [report]) == 0
    lines = [report.source.position(finding.span.start).line for finding in report.findings]
    assert lines == [4, 5]
    assert len(report.suppressed) == 1


def test_entries_that_nothing_needs_are_counted(tmp_path: Path) -> None:
    file, known = tmp_path / "Dockerfile", tmp_path / "baseline.json"
    baseline.write(known, [lint(ONE, file)])
    assert baseline.apply(baseline.load(known), known, [lint("FROM debian:12\n", file)]) == 1


def test_names_are_relative_to_the_baseline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = tmp_path / "baseline.json"
    baseline.write(known, [lint(ONE, tmp_path / "a" / "Dockerfile")])
    assert list(baseline.load(known)) == ["a/Dockerfile"]
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    report = lint(ONE, Path("Dockerfile"))
    baseline.apply(baseline.load(known), known, [report])
    assert report.findings == []


@pytest.mark.parametrize("text", ["", "[]", "{", '{"schema": "x"}', "[" * 100_000])
def test_what_is_no_baseline_is_refused(text: str, tmp_path: Path) -> None:
    known = tmp_path / "baseline.json"
    known.write_text(text)
    with pytest.raises(UsageError, match="not a baseline"):
        baseline.load(known)


def test_entries_of_the_wrong_shape_are_refused(tmp_path: Path) -> None:
    known = tmp_path / "baseline.json"
    known.write_text(json.dumps({"schema": baseline.SCHEMA, "files": {"a": 1}}))
    with pytest.raises(UsageError, match="table of tables"):
        baseline.load(known)


def test_a_missing_or_unwritable_baseline_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        baseline.load(tmp_path / "none.json")
    assert "--write-baseline" in caught.value.hint
    with pytest.raises(HostError):
        baseline.write(tmp_path / "no" / "folder.json", [])
