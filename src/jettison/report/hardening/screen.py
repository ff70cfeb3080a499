"""The end of `jettison harden`, for people."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from jettison.harden.model import HardenReport, Proof
from jettison.layers.path import printable
from jettison.report.hardening.lines import lines

_COLOURS = {"A": "bold green", "B": "green", "C": "yellow", "D": "yellow", "E": "red", "F": "bold red"}
_SHOWN = 6


def summary(report: HardenReport, *, folder: str | None) -> RenderableType:
    """Grades, settings with their evidence, what was proved where, what was given up, and what to do next."""
    parts: list[RenderableType] = [Text(""), _grades(report), Text(""), _settings(report), Text("")]
    parts += [_proof(proof) for proof in report.proofs]
    parts += _relaxed(report)
    parts += [Text.from_markup(f"[yellow]![/yellow] {_safe(text)}") for text in report.warnings[:_SHOWN]]
    if folder is not None:
        parts += [Text(""), Text(f"written: {printable(folder)}/ {' '.join(report.files)}", style="dim")]
    return Group(*parts)


def _grades(report: HardenReport) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column()
    table.add_column(overflow="fold")
    for grade in report.grades:
        step = f" [dim]→ {_safe(grade.next)}[/dim]" if grade.next else ""
        colour = _COLOURS.get(grade.grade, "dim")
        table.add_row(f"[{colour}]{grade.grade}[/]", _safe(grade.need), _safe(grade.reason) + step)
    return table


def _settings(report: HardenReport) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", overflow="fold")
    table.add_column(overflow="fold")
    table.add_column(style="dim", overflow="fold")
    for line in lines(report.deployment):
        table.add_row(*map(_safe, line))
    return table


def _proof(proof: Proof) -> Text:
    if proof.passed is None:
        return Text.from_markup(f"[dim]- {_safe(proof.where)}: {_safe(proof.detail)}[/dim]")
    mark = "[green]✓[/green]" if proof.passed else "[red]✗[/red]"
    told = f"same answers in {proof.steps} steps" if proof.passed else "it answers otherwise"
    kept = f" under {', '.join(proof.enforced)}" if proof.enforced else ""
    missing = "".join(
        f"\n  [dim]emitted, not enforced here: {_safe(each)}[/dim]" for each in proof.not_enforced
    )
    detail = f": {_safe(proof.detail)}" if proof.detail else ""
    return Text.from_markup(f"{mark} {_safe(proof.where)}: {told}{kept}{detail}{missing}")


def _relaxed(report: HardenReport) -> Iterator[Text]:
    for each in report.relaxed:
        yield Text.from_markup(f"[yellow]~[/yellow] given up: {_safe(each.what)}, {_safe(each.text)}")
        for difference in each.differences[:1]:
            for line in str(difference).splitlines()[:4]:
                yield Text(f"    {printable(line)}", style="dim")


def _safe(text: str) -> str:
    return escape(printable(text))
