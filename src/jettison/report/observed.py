"""What an observation showed, for people."""

from __future__ import annotations

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from jettison.layers.path import printable
from jettison.observe.evidence import Evidence
from jettison.report.summary import learned
from jettison.slim.describe import learned_from


def observed(evidence: Evidence) -> RenderableType:
    """The numbers of `evidence`, and what was learned about the application."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("image", escape(printable(evidence.image.reference)))
    events = sum(run.events for run in evidence.runs)
    state = "complete" if evidence.complete else "[red]incomplete[/red]"
    table.add_row("observed", f"{len(evidence.runs)} runs, {events:,} events, {state}")
    table.add_row(
        "paths",
        f"{len(evidence.paths):,} used, {len(evidence.missing):,} looked up in vain, "
        f"{len(evidence.writes):,} written",
    )
    table.add_row("calls", escape(printable(_calls(evidence))))
    for row in learned(learned_from(evidence)):
        table.add_row("learned", row)
    return table


def _calls(evidence: Evidence) -> str:
    """System calls and capabilities, or why they are not known."""
    missing = [f"{name} not recorded: {why}" for name, why in sorted(evidence.unrecorded.items())]
    parts = [] if evidence.syscalls is None else [f"{len(evidence.syscalls)} different system calls"]
    if evidence.capabilities is not None:
        used = sorted(name for name, found in evidence.capabilities.items() if found.used.phases)
        parts.append(f"capabilities used: {', '.join(used) or 'none'}")
    return "; ".join((*parts, *missing))
