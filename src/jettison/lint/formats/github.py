"""Workflow commands of GitHub Actions, which it shows as annotations in the changed files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from jettison.lint.engine import Report
from jettison.lint.formats._clean import unicode
from jettison.lint.rule import Finding, Severity

_COMMANDS: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "notice",
    Severity.STYLE: "notice",
}


def render(reports: Sequence[Report]) -> str:
    """One line for each finding."""
    return "".join(f"{_line(report, finding)}\n" for report in reports for finding in report.findings)


def _line(report: Report, finding: Finding) -> str:
    start, end = report.source.position(finding.span.start), report.source.position(finding.span.end)
    properties = {"file": report.path, "line": str(start.line)}
    if start.line == end.line:  # columns of an annotation over several lines are refused
        properties |= {"col": str(start.column), "endColumn": str(end.column)}
    properties |= {"endLine": str(end.line), "title": f"{finding.code} {finding.name}"}
    listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{_COMMANDS[finding.severity]} {listed}::{_data(finding.message)}"


def _data(text: str) -> str:
    """The escapes of @actions/core: without them, a file's text could issue commands of its own."""
    return unicode(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
