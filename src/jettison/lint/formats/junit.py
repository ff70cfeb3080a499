"""JUnit XML, which every CI server shows: a suite for each file, a failed case for each finding."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from jettison.lint.engine import Report
from jettison.lint.formats._clean import xml
from jettison.lint.rule import Finding


def render(reports: Sequence[Report]) -> str:
    """All files; one without findings has one case that passed, so that it is seen to have been looked at."""
    total = sum(len(report.findings) for report in reports)
    tests = sum(len(report.findings) or 1 for report in reports)
    root = ElementTree.Element("testsuites", name="jettison lint", tests=str(tests), failures=str(total))
    for report in reports:
        _suite(root, report)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _suite(root: ElementTree.Element, report: Report) -> None:
    path, failures = xml(report.path), len(report.findings)
    suite = ElementTree.SubElement(
        root, "testsuite", name=path, tests=str(failures or 1), failures=str(failures), errors="0"
    )
    if not failures:
        ElementTree.SubElement(suite, "testcase", name="no findings", classname=path)
    for finding in report.findings:
        _case(suite, report, path, finding)


def _case(suite: ElementTree.Element, report: Report, path: str, finding: Finding) -> None:
    position = report.source.position(finding.span.start)
    name = f"{finding.code} {finding.name} ({position.line}:{position.column})"
    case = ElementTree.SubElement(
        suite, "testcase", name=name, classname=path, file=path, line=str(position.line)
    )
    message = xml(finding.message)
    failure = ElementTree.SubElement(case, "failure", message=message, type=finding.severity.label)
    failure.text = f"{path}:{position.line}:{position.column}: {message}"
