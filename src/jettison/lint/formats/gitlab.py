"""A Code Quality report of GitLab, in its form of the CodeClimate format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from jettison.lint.engine import Report
from jettison.lint.fingerprint import fingerprints
from jettison.lint.formats._clean import unicode
from jettison.lint.formats.json import document
from jettison.lint.rule import Finding, Severity
from jettison.lint.source import Position

_SEVERITIES: Final = {
    Severity.ERROR: "critical",
    Severity.WARNING: "major",
    Severity.INFO: "minor",
    Severity.STYLE: "info",
}


def render(reports: Sequence[Report]) -> str:
    """One array with an object for each finding."""
    issues = [
        _issue(report, finding, fingerprint)
        for report in reports
        for finding, fingerprint in zip(report.findings, fingerprints(report), strict=True)
    ]
    return document(issues)


def _issue(report: Report, finding: Finding, fingerprint: str) -> dict[str, Any]:
    span = finding.span
    return {
        "description": f"{finding.code}: {unicode(finding.message)}",
        "check_name": finding.name,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[finding.severity],
        "location": {
            "path": unicode(report.path).removeprefix("./"),
            "positions": {
                "begin": _place(report.source.position(span.start)),
                "end": _place(report.source.position(span.end)),
            },
        },
    }


def _place(position: Position) -> dict[str, int]:
    return {"line": position.line, "column": position.column}
