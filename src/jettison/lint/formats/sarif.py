"""SARIF 2.1.0 (OASIS standard), for code scanning: rules with their help, regions, fixes, fingerprints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

import jettison
from jettison.lint.engine import Report
from jettison.lint.fingerprint import fingerprints
from jettison.lint.fix import Applicability, Fix
from jettison.lint.formats._clean import unicode
from jettison.lint.formats.json import document
from jettison.lint.rule import Finding, Rule, Severity
from jettison.lint.rules import FAMILIES, resolve
from jettison.lint.source import Source, Span
from jettison.lint.testing import documentation

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "note",
    Severity.STYLE: "note",
}


def render(reports: Sequence[Report]) -> str:
    """One run with all findings and the rules that they name."""
    findings: dict[str, Finding] = {}
    for report in reports:
        for finding in report.findings:
            findings.setdefault(finding.code, finding)
    codes = sorted(findings)
    run = {
        "tool": {
            "driver": {
                "name": "jettison",
                "version": jettison.__version__,
                "rules": [_rule(findings[code]) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "artifacts": [{"location": _location(report.path)} for report in reports],
        "results": [
            _result(report, number, finding, fingerprint, codes.index(finding.code))
            for number, report in enumerate(reports)
            for finding, fingerprint in zip(report.findings, fingerprints(report), strict=True)
        ],
    }
    return document({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(finding: Finding) -> dict[str, Any]:
    """A reportingDescriptor (§3.49). Findings of ShellCheck have a wiki page in place of help."""
    descriptor: dict[str, Any] = {
        "id": finding.code,
        "name": finding.name,
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
    }
    rule = next((rule for rule in resolve(finding.code) if rule.code == finding.code), None)
    if rule is not None:
        return descriptor | _help(rule)
    descriptor["shortDescription"] = {"text": finding.name}
    if finding.url:
        descriptor["helpUri"] = finding.url
    return descriptor


def _help(rule: Rule) -> dict[str, Any]:
    text = documentation(type(rule))
    return {
        "shortDescription": {"text": text.partition("\n\n")[0].replace("\n", " ")},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": [FAMILIES[rule.code.rstrip("0123456789")], *rule.aliases]},
    }


def _result(report: Report, artifact: int, finding: Finding, fingerprint: str, index: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": unicode(finding.message)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {**_location(report.path), "index": artifact},
                    "region": _region(report.source, finding.span),
                }
            }
        ],
        "partialFingerprints": {"jettison/v1": fingerprint},
    }
    if finding.fix is not None and finding.fix.applicability is not Applicability.DISPLAY:
        result["fixes"] = [_fix(report, finding.fix)]
    return result


def _fix(report: Report, fix: Fix) -> dict[str, Any]:
    replacements = [
        {
            "deletedRegion": _region(report.source, edit.span),
            "insertedContent": {"text": unicode(edit.text)},
        }
        for edit in fix.edits
    ]
    change = {"artifactLocation": _location(report.path), "replacements": replacements}
    return {
        "description": {"text": f"{unicode(fix.title)} ({fix.applicability.value})"},
        "artifactChanges": [change],
    }


def _location(path: str) -> dict[str, Any]:
    """A URI reference (§3.4): relative where the path is, so that a viewer finds it in its checkout."""
    uri = quote(path.encode("utf-8", "surrogateescape"))
    if path.startswith("/"):
        return {"uri": f"file://{uri}"}
    return {"uri": uri.removeprefix("./"), "uriBaseId": "SRCROOT"}


def _region(source: Source, span: Span) -> dict[str, int]:
    """A region (§3.30): lines and columns from 1, the end column exclusive."""
    start, end = source.position(span.start), source.position(span.end)
    return {
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    }
