"""The summary of a `slim` run for people."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from jettison.layers.path import printable
from jettison.report.terminal import size
from jettison.slim.result import Learned, Size, SlimReport, Verification

_BAR = 36
_SHOWN = 6


def summary(report: SlimReport, *, report_folder: str | None) -> RenderableType:
    """Before and after, what was verified, what was learned, where the time went, and what to do next."""
    parts: list[RenderableType] = [Text("")]
    if report.slim is not None:
        parts += [_sizes(report.original, report.slim), Text("")]
    parts.append(_facts(report))
    parts += [Text.from_markup(f"[yellow]![/yellow] {_safe(text)}") for text in report.warnings[:_SHOWN]]
    if len(report.warnings) > _SHOWN:
        parts.append(Text(f"  … and {len(report.warnings) - _SHOWN} more notes in the report", style="dim"))
    parts += [Text(""), *_next(report, report_folder)]
    return Group(*parts)


def _sizes(before: Size, after: Size) -> RenderableType:
    """Two bars, one number that matters."""
    table = Table.grid(padding=(0, 2))
    for name, value, colour in (("original", before, "dim"), ("slim", after, "bold green")):
        share = value.bytes / before.bytes if before.bytes else 0.0
        bar = "█" * max(1, round(share * _BAR))
        layers = f"{value.layers} layer" + ("s" if value.layers != 1 else "")
        table.add_row(
            f"[{colour}]{name}[/]",
            f"[{colour}]{bar.ljust(_BAR)}[/]",
            f"[{colour}]{size(value.bytes)}[/]",
            f"{value.files:,} files",
            layers,
        )
    ratio = f"{before.bytes / after.bytes:.1f} × smaller" if after.bytes else ""
    return Group(table, Text(f"{'':10}{ratio}", style="bold"))


def _facts(report: SlimReport) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row(
        "image",
        _safe(report.image.reference) + f" [dim]{report.image.platform}, --keep {report.policy}[/dim]",
    )
    table.add_row("verified", _verified(report.verification))
    for row in learned(report.learned):
        table.add_row("learned", row)
    shares = report.by_rule[:_SHOWN]
    table.add_row("kept", ", ".join(f"{_safe(share.rule)} {size(share.bytes)}" for share in shares))
    dropped = sorted(report.dropped.items(), key=lambda item: (-item[1], item[0]))[:3]
    table.add_row("dropped", ", ".join(f"{_safe(path)} {size(count)}" for path, count in dropped))
    times = "  ".join(f"{escape(name)} {seconds:.1f} s" for name, seconds in report.seconds.items())
    table.add_row("time", f"{sum(report.seconds.values()):.1f} s [dim]{times}[/dim]")
    for image in report.published:
        table.add_row("published", f"[green]{_safe(image.reference)}[/green] [dim]{image.digest[:19]}[/dim]")
    return table


def _verified(result: Verification) -> str:
    healed = f", {len(result.healed)} paths healed" if result.healed else ""
    return _verdict(result) + healed + (", then once more without the tracer" if result.passed else "")


def _verdict(result: Verification) -> str:
    steps = f"{result.steps} step" + ("s" if result.steps != 1 else "")
    unstable = f", {len(result.unstable)} unstable" if result.unstable else ""
    if result.passed:
        return f"[green]✓ same answers[/green] in {steps}{unstable}"
    count = len(result.differences)
    return f"[red]✗ {count} difference{'s' if count != 1 else ''}[/red] in {steps}{unstable}"


def learned(of: Learned) -> Iterator[str]:
    """What was learned about the application, a line of markup each."""
    if of.ready_seconds is not None:
        yield f"ready after {of.ready_seconds:.2f} s" + (
            f", stops in {of.stop_seconds:.2f} s" if of.stop_seconds is not None else ""
        )
    if of.killed:
        yield "[yellow]ignores its stop signal and had to be killed[/yellow]"
    if of.listens:
        yield "listens on " + _some(of.listens)
    if of.connects:
        yield "connects to " + _some(of.connects)
    if of.executables:
        yield "runs " + _some(of.executables)
    if of.written:
        yield f"writes {of.written} paths"
    if of.memory_peak_bytes is not None:
        yield f"peak memory {size(of.memory_peak_bytes)}" + (
            f", {of.pids_peak} processes" if of.pids_peak else ""
        )


def _some(items: list[str]) -> str:
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return ", ".join(_safe(item) for item in items[:_SHOWN]) + more


def differences(result: Verification) -> RenderableType:
    """The verdict of `jettison verify`, with every difference."""
    return Group(Text.from_markup(_verdict(result)), *_shown(result, len(result.differences)))


def _shown(result: Verification, count: int) -> Iterator[Text]:
    for difference in result.differences[:count]:
        yield Text.from_markup(
            f"[red]✗[/red] [bold]{_safe(difference.step)}[/bold]: {_safe(difference.what)}"
        )
        yield from (Text(f"    - {line}", style="red") for line in difference.original.splitlines())
        yield from (Text(f"    + {line}", style="green") for line in difference.candidate.splitlines())
    for step in result.unstable[:count]:
        yield Text.from_markup(
            f"[yellow]~[/yellow] {_safe(step)} [dim]differs between two runs of the original[/dim]"
        )


def _next(report: SlimReport, folder: str | None) -> Iterator[Text]:
    yield from _shown(report.verification, _SHOWN)
    if folder is not None:
        biggest = max(report.dropped, key=lambda path: report.dropped[path], default="/")
        yield Text(f"next: jettison why {folder} {biggest}", style="dim")
    else:
        yield Text("next: add --report DIR to ask why any path was kept or dropped", style="dim")


def _safe(text: str) -> str:
    return escape(printable(text))
