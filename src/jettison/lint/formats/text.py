"""For people: each finding with the line it is about, the place underlined."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from rich.text import Text

from jettison.lint.engine import Report
from jettison.lint.fix import Applicability
from jettison.lint.rule import Finding, Severity

_STYLES = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "bold yellow",
    Severity.INFO: "bold blue",
    Severity.STYLE: "bold magenta",
}
_TAB = "    "


def render(reports: Sequence[Report]) -> str:
    """All findings as plain text."""
    return "".join(f"{line.plain}\n" for line in lines(reports))


def lines(reports: Sequence[Report]) -> Iterator[Text]:
    """All findings as styled lines, with a summary at the end."""
    for report in reports:
        for finding in report.findings:
            yield from _finding(report, finding)
            yield Text()
    yield _summary(reports)


def _finding(report: Report, finding: Finding) -> Iterator[Text]:
    position = report.source.position(finding.span.start)
    style = _STYLES[finding.severity]
    yield Text.assemble(
        (f"{visible(report.path)}:{position.line}:{position.column}: ", "bold"),
        (finding.severity.label, style),
        f" {finding.code} ",
        (f"[{finding.name}] ", "dim"),
        visible(finding.message),
    )
    yield from _excerpt(report, finding, style)
    if finding.fix is not None:
        mark = {Applicability.SAFE: "fix", Applicability.UNSAFE: "unsafe fix", Applicability.DISPLAY: "help"}
        yield Text.assemble((f"  = {mark[finding.fix.applicability]}: ", "cyan"), visible(finding.fix.title))


def _excerpt(report: Report, finding: Finding, style: str) -> Iterator[Text]:
    source = report.source
    start = source.position(finding.span.start)
    end = source.position(max(finding.span.end, finding.span.start + 1))
    line = source.line(start.line)
    if not line.strip():
        return
    last = end.column - 1 if end.line == start.line else len(line)
    before, marked = line[: start.column - 1], line[start.column - 1 : max(last, start.column)]
    gutter = f"{start.line:>5} | "
    yield Text.assemble((gutter, "dim"), visible(line))
    yield Text.assemble(
        (f"{'':>5} | ", "dim"), " " * _width(before), ("^" * max(_width(marked.rstrip()), 1), style)
    )


def visible(text: str) -> str:
    """Text without characters that a terminal would obey; tabs as four blanks."""
    return "".join(_TAB if char == "\t" else char if char.isprintable() else "\ufffd" for char in text)


def _width(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide + text.count("\t") * (len(_TAB) - 1)


def _summary(reports: Sequence[Report]) -> Text:
    findings = [finding for report in reports for finding in report.findings]
    files = f"{len(reports)} file{'s' if len(reports) != 1 else ''}"
    if not findings:
        return Text(f"no findings in {files}", style="green")
    counts = (
        f"{count} {severity.label}"
        for severity in sorted(Severity, reverse=True)
        if (count := sum(finding.severity is severity for finding in findings))
    )
    fixable = sum(
        finding.fix is not None and finding.fix.applicability is Applicability.SAFE for finding in findings
    )
    tail = f"; {fixable} can be fixed with --fix" if fixable else ""
    return Text(f"{len(findings)} findings in {files} ({', '.join(counts)}){tail}", style="bold")
