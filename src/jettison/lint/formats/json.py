"""For programs: one JSON document with all findings, their places and fixes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from jettison.lint.engine import Report
from jettison.lint.fix import Fix
from jettison.lint.rule import Finding
from jettison.lint.source import Source, Span

SCHEMA = "jettison.lint/1"


def render(reports: Sequence[Report]) -> str:
    """All findings; places are lines and columns from 1, ends exclusive, and offsets in characters."""
    files = [
        {"path": report.path, "findings": [_finding(report.source, item) for item in report.findings]}
        for report in reports
    ]
    return document({"schema": SCHEMA, "files": files})


def document(value: Any) -> str:
    """Indented JSON in ASCII. Python's own encoder is ten times slower when it has to indent."""
    return msgspec.json.format(json.dumps(value), indent=2) + "\n"


def _finding(source: Source, finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.label,
        "message": finding.message,
        **place(source, finding.span),
        "fix": _fix(source, finding.fix) if finding.fix is not None else None,
        **({"url": finding.url} if finding.url else {}),
    }


def _fix(source: Source, fix: Fix) -> dict[str, Any]:
    edits = [{**place(source, edit.span), "text": edit.text} for edit in fix.edits]
    return {"title": fix.title, "applicability": fix.applicability.value, "edits": edits}


def place(source: Source, span: Span) -> dict[str, Any]:
    """Start and end of a span."""
    start, end = source.position(span.start), source.position(span.end)
    return {
        "start": {"line": start.line, "column": start.column, "offset": span.start},
        "end": {"line": end.line, "column": end.column, "offset": span.end},
    }
