"""Checkstyle XML, which Jenkins, SonarQube, reviewdog and editors read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree

from jettison.lint.engine import Report
from jettison.lint.formats._clean import xml
from jettison.lint.rule import Severity

_SEVERITIES: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "info",
    Severity.STYLE: "info",
}


def render(reports: Sequence[Report]) -> str:
    """All files, each with its findings."""
    root = ElementTree.Element("checkstyle", version="4.3")
    for report in reports:
        file = ElementTree.SubElement(root, "file", name=xml(report.path))
        for finding in report.findings:
            position = report.source.position(finding.span.start)
            ElementTree.SubElement(
                file,
                "error",
                line=str(position.line),
                column=str(position.column),
                severity=_SEVERITIES[finding.severity],
                message=xml(finding.message),
                source=f"jettison.{finding.code}",
            )
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False) + "\n"
