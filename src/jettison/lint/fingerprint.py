"""What a finding is called across versions of a file: the same when lines above it come or go."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jettison.lint.engine import Report

_BYTES: Final = 16
"""Half a SHA-256: enough that no two findings of a project share one by accident."""


def fingerprints(report: Report, path: str | None = None) -> list[str]:
    """One fingerprint for each finding of a report, in their order, as hexadecimal digits.

    It is made of the path (the report's, unless another is given), the code and the line's text without
    its indentation; equal ones in one file are told apart by their number.
    """
    seen: Counter[tuple[str, str]] = Counter()
    found: list[str] = []
    for finding in report.findings:
        line = report.source.line(report.source.position(finding.span.start).line).strip()
        seen[finding.code, line] += 1
        parts = (report.path if path is None else path, finding.code, line, str(seen[finding.code, line]))
        digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape"))
        found.append(digest.hexdigest()[: 2 * _BYTES])
    return found
