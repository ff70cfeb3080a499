"""The formats for machines: structure, places, and that no name or message can break out of them."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from jettison.errors import UsageError
from jettison.lint.config import Settings
from jettison.lint.engine import Report, make_context
from jettison.lint.engine import lint as run_rules
from jettison.lint.fingerprint import fingerprints
from jettison.lint.fix import Fix, insert
from jettison.lint.formats import NAMES, renderer
from jettison.lint.rule import Finding, Severity
from jettison.lint.rules.apt_get_without_yes import AptGetWithoutYes
from jettison.lint.source import Source, Span

TEXT = "FROM debian:12\nRUN apt-get update \\\n && apt-get install curl\n"
HOSTILE_PATH = 'a"><x>,b:\n::error::&\udcff\x01/Dockerfile'
HOSTILE_MESSAGE = "bad %0A\n::warning::\r ]]> </error> \x00\udc80"


def lint(text: str = TEXT, path: str = "app/Dockerfile") -> Report:
    """The report of one rule."""
    return run_rules(make_context(Source(text), Settings(), path=path), rules=[AptGetWithoutYes()])


def hostile() -> Report:
    """A report whose every text wants to break the format."""
    context = make_context(Source(TEXT), Settings(), path=HOSTILE_PATH)
    fix = Fix("do\n\udc80", (insert(3, '"\udcff'),))
    odd = [
        Finding("SC2086", "shellcheck", severity, Span(0, 4), HOSTILE_MESSAGE, fix, "https://e.org/SC2086")
        for severity in Severity
    ]
    return Report(HOSTILE_PATH, context, odd)


def sarif(report: Report) -> dict[str, Any]:
    """The only run of the SARIF document."""
    document = json.loads(renderer("sarif")([report]))
    assert document["version"] == "2.1.0"
    assert document["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = document["runs"]
    assert isinstance(run, dict)
    return run


def test_sarif_has_rules_with_help_and_regions_that_end_behind_the_last_character() -> None:
    run = sarif(lint())
    (rule,) = run["tool"]["driver"]["rules"]
    (result,) = run["results"]
    assert run["tool"]["driver"]["name"] == "jettison"
    assert (rule["id"], rule["name"]) == ("PKG101", "apt-get-without-yes")
    assert rule["shortDescription"]["text"].startswith("Flags")
    assert "## Why is this bad?" in rule["help"]["markdown"]
    assert "DL3014" in rule["properties"]["tags"]
    assert (result["ruleId"], result["ruleIndex"], result["level"]) == ("PKG101", 0, "warning")
    (location,) = result["locations"]
    place = location["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "app/Dockerfile", "uriBaseId": "SRCROOT", "index": 0}
    region = place["region"]
    line = TEXT.splitlines()[region["startLine"] - 1]
    assert line[region["startColumn"] - 1 : region["endColumn"] - 1] == "install"


def test_sarif_fixes_insert_at_the_right_place() -> None:
    (result,) = sarif(lint())["results"]
    (change,) = result["fixes"][0]["artifactChanges"]
    (replacement,) = change["replacements"]
    region = replacement["deletedRegion"]
    assert region["startColumn"] == region["endColumn"]
    lines = TEXT.splitlines()
    line, column = lines[region["startLine"] - 1], region["startColumn"] - 1
    text = replacement["insertedContent"]["text"]
    assert line[:column] + text + line[column:] == " && apt-get install -y curl"


def test_sarif_with_hostile_texts_is_valid_unicode_and_names_the_file_by_a_uri() -> None:
    run = sarif(hostile())
    json.dumps(run, ensure_ascii=False).encode("utf-8")
    uri = run["artifacts"][0]["location"]["uri"]
    assert re.fullmatch(r"[A-Za-z0-9%/._~-]+", uri)
    assert unquote(uri, errors="surrogateescape") == HOSTILE_PATH
    assert [result["level"] for result in run["results"]] == ["note", "note", "warning", "error"]
    assert run["tool"]["driver"]["rules"][0]["helpUri"] == "https://e.org/SC2086"


def test_absolute_paths_become_file_uris() -> None:
    assert sarif(lint(path="/src/a b"))["artifacts"][0]["location"] == {"uri": "file:///src/a%20b"}


def test_fingerprints_survive_lines_above_and_differ_in_repetitions() -> None:
    once = fingerprints(lint())
    moved = fingerprints(lint(TEXT.replace("RUN", "# hello\n\nRUN", 1)))
    twice = fingerprints(lint("FROM a:1\nRUN apt-get install curl\nRUN apt-get install curl\n"))
    assert once == moved
    assert len(set(twice)) == 2


def test_github_has_one_line_for_each_finding_whatever_stands_in_it() -> None:
    (line,) = renderer("github")([lint()]).splitlines()
    assert line.startswith("::warning file=app/Dockerfile,line=3,col=13,endColumn=20,endLine=3,title=PKG101 ")
    lines = renderer("github")([hostile()]).split("\n")
    assert len(lines) == len(Severity) + 1
    for text in lines[:-1]:
        match = re.fullmatch(r"::(notice|warning|error) ([^:]+)::(.*)", text)
        assert match is not None
        assert "%0A::" in match[3]
        assert len(match[2].split(",")) == 6
        text.encode("utf-8")


def test_gitlab_issues_have_all_that_it_requires() -> None:
    (issue,) = json.loads(renderer("gitlab")([lint()]))
    assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
    assert issue["severity"] == "major"
    assert issue["location"]["path"] == "app/Dockerfile"
    assert issue["location"]["positions"]["begin"] == {"line": 3, "column": 13}
    issues = json.loads(renderer("gitlab")([hostile()]))
    assert len({issue["fingerprint"] for issue in issues}) == len(Severity)


def test_junit_counts_cases_and_passes_clean_files() -> None:
    clean = lint("FROM debian:12\n", path="clean/Dockerfile")
    root = ElementTree.fromstring(renderer("junit")([lint(), clean]))
    assert root.attrib == {"name": "jettison lint", "tests": "2", "failures": "1"}
    assert [suite.get("failures") for suite in root] == ["1", "0"]
    failure = root.find(".//failure")
    assert failure is not None
    assert failure.get("type") == "warning"
    assert (failure.text or "").startswith("app/Dockerfile:3:13: `apt-get install`")


def test_checkstyle_names_file_place_severity_and_source() -> None:
    root = ElementTree.fromstring(renderer("checkstyle")([lint()]))
    (error,) = root.findall("file[@name='app/Dockerfile']/error")
    assert (error.get("line"), error.get("column"), error.get("severity")) == ("3", "13", "warning")
    assert error.get("source") == "jettison.PKG101"


@pytest.mark.parametrize("name", ["junit", "checkstyle"])
def test_xml_is_well_formed_with_hostile_texts(name: str) -> None:
    text = renderer(name)([hostile()])
    root = ElementTree.fromstring(text.encode("utf-8"))
    assert not root.findall(".//x")
    assert len(root.findall(".//failure") + root.findall(".//error")) == len(Severity)


@pytest.mark.parametrize("name", NAMES)
def test_every_format_has_something_to_say_about_no_files(name: str) -> None:
    assert isinstance(renderer(name)([]), str)


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        renderer("sariff")
    assert "sarif" in caught.value.hint
