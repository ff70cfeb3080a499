"""A baseline: findings that a project has today and does not want to hear of, so that new ones stand out."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from jettison.errors import HostError, UsageError
from jettison.lint.engine import Report
from jettison.lint.fingerprint import fingerprints

SCHEMA: Final = "jettison.lint-baseline/1"
MAX_BYTES: Final = 64 * 1024 * 1024
"""A baseline; a finding takes about 80 bytes."""

Baseline = dict[str, dict[str, str]]
"""Fingerprints by file; what each stands for is there for people."""


def write(path: Path, reports: Sequence[Report]) -> int:
    """Write all findings of the reports, and return how many they are. Paths in it are relative to its
    folder. Raises `HostError`."""
    files: Baseline = {}
    for report in reports:
        name = _relative(report, path)
        known = zip(fingerprints(report, name), report.findings, strict=True)
        if entries := {key: f"{finding.code} {finding.name}" for key, finding in known}:
            files[name] = entries
    text = json.dumps({"schema": SCHEMA, "files": files}, indent=1, sort_keys=True) + "\n"
    temporary = path.with_name(f".{path.name}.jettison")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise HostError(f"{path}: cannot be written: {error.strerror}") from None
    return sum(map(len, files.values()))


def load(path: Path) -> Baseline:
    """Read a baseline. Raises `UsageError` if it is not there or is none."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        hint = "--write-baseline makes it"
        raise UsageError(f"{path}: cannot be read: {error.strerror}", hint=hint) from None
    try:
        document: Any = json.loads(data) if len(data) <= MAX_BYTES else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise UsageError(f"{path}: not a baseline of jettison lint", hint="--write-baseline makes one")
    files = document.get("files")
    if not isinstance(files, dict) or not all(isinstance(entries, dict) for entries in files.values()):
        raise UsageError(f"{path}: `files` is not a table of tables")
    return files


def apply(baseline: Baseline, path: Path, reports: Sequence[Report]) -> int:
    """Take the findings of a baseline out of the reports; the number of its entries for these files that
    are no longer found."""
    stale = 0
    for report in reports:
        name = _relative(report, path)
        entries = baseline.get(name, {})
        keys = fingerprints(report, name)
        stale += len(entries.keys() - set(keys))
        pairs = list(zip(keys, report.findings, strict=True))
        report.suppressed += [finding for key, finding in pairs if key in entries]
        report.findings = [finding for key, finding in pairs if key not in entries]
    return stale


def _relative(report: Report, path: Path) -> str:
    """The name of a report's file in a baseline: the same from whichever folder one calls the linter."""
    name = Path(os.path.relpath(report.path, path.parent)).as_posix()
    return name.encode("utf-8", "backslashreplace").decode("utf-8")
