"""The scorecard as Markdown and as one HTML page that needs nothing else.

Names come from images and are hostile: both forms escape every one of them, and the page has no script.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence

from jettison.harden.model import HardenReport, Proof
from jettison.layers.path import printable
from jettison.report.hardening.lines import lines

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;
padding:0 1rem}table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;
padding:.35rem .8rem;border-bottom:1px solid #8884}th{font-weight:600}.g{font-weight:700;text-align:center;
border-radius:.3rem;color:#fff;width:2rem}.A,.B{background:#1a7f37}.C,.D{background:#9a6700}
.E,.F{background:#cf222e}.n{background:#6e7781}code{overflow-wrap:anywhere}small{opacity:.8}
"""


def markdown(report: HardenReport) -> str:
    """For a pull request or a job page."""
    return "\n".join(_markdown(report)) + "\n"


def page(report: HardenReport) -> str:
    """For a browser."""
    title = html.escape(f"Hardening of {printable(report.image.reference)}")
    grades = "".join(
        f'<tr><td class="g {"n" if g.grade == "-" else g.grade}">{g.grade}</td><td>{_h(g.need)}</td>'
        f"<td>{_h(g.reason)}<br><small>{_h(g.next)}</small></td></tr>"
        for g in report.grades
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style><h1>{title}</h1>"
        f"<h2>Scorecard</h2><table><tr><th>grade<th>need<th>reason and next step</tr>{grades}</table>"
        f"<h2>Settings</h2>{_table(('setting', 'value', 'evidence'), lines(report.deployment))}"
        f"<h2>Proof</h2>{_table(('where', 'result', 'not enforced there'), map(_proved, report.proofs))}"
        f"<h2>Given up</h2>{_table(('what', 'how', 'because'), _given_up(report))}</html>\n"
    )


def _markdown(report: HardenReport) -> Iterator[str]:
    yield f"### Hardening of {_md(report.image.reference)}\n"
    yield from _rows(
        ("grade", "need", "reason", "next"), ((g.grade, g.need, g.reason, g.next) for g in report.grades)
    )
    yield "\n<details><summary>Settings</summary>\n"
    yield from _rows(("setting", "value", "evidence"), lines(report.deployment))
    yield "\n</details>\n"
    yield from _rows(("proof", "result", "not enforced there"), map(_proved, report.proofs))
    if report.relaxed:
        yield ""
        yield from _rows(("given up", "how", "because"), _given_up(report))


def _proved(proof: Proof) -> tuple[str, str, str]:
    result = {True: f"passed, {proof.steps} steps", False: "failed", None: "not tried"}[proof.passed]
    return proof.where, f"{result} {proof.detail}".strip(), "; ".join(proof.not_enforced)


def _given_up(report: HardenReport) -> Iterator[tuple[str, str, str]]:
    for each in report.relaxed:
        yield each.what, each.text, "; ".join(f"{d.step}: {d.what}" for d in each.differences[:3])


def _rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(map(_md, row)) + " |"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    cells = "".join("<tr>" + "".join(f"<td>{_h(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return "<table><tr>" + "".join(f"<th>{_h(name)}</th>" for name in head) + f"</tr>{cells}</table>"


def _h(text: str) -> str:
    return html.escape(printable(text))


def _md(text: str) -> str:
    """`text` as it may stand in a cell: no markup of its own."""
    escaped = html.escape(printable(text), quote=False)
    return "".join(f"\\{c}" if c in "|`*_[]\\" else " " if c == "\n" else c for c in escaped)
