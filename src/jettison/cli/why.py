"""`jettison why`."""

from __future__ import annotations

from pathlib import Path

import click
from rich.markup import escape

from jettison.layers.path import encode_path, parent
from jettison.report.files import read_report
from jettison.report.terminal import size, stdout
from jettison.slim.result import SlimReport


@click.command("why")
@click.argument("report", type=click.Path(path_type=Path, exists=True))
@click.argument("path")
def command(report: Path, path: str) -> int:
    """Why PATH was kept or dropped, from the REPORT of a `jettison slim --report REPORT`.

    \b
    jettison why report/ /usr/lib/x86_64-linux-gnu/libssl.so.3
    jettison why report/ /usr/bin/perl

    Exit codes: 0 kept, 1 dropped or not in the image.
    """
    document = read_report(report)
    wanted = "/" + encode_path(path.strip("/").encode(errors="surrogateescape"))
    if wanted in document.kept:
        _kept(document, wanted)
        return 0
    _dropped(document, wanted)
    return 1


def _kept(report: SlimReport, path: str) -> None:
    """The chain of first reasons back to what was observed, then the other reasons of the path itself."""
    console = stdout()
    console.print(f"[green]kept[/green] [bold]{escape(path)}[/bold]")
    seen: set[str] = set()
    step, depth = path, 1
    while step in report.kept and step not in seen:
        seen.add(step)
        reason = report.kept[step][0]
        cause = f" [bold]{escape(reason.because)}[/bold]" if reason.because else ""
        console.print(f"{'  ' * depth}└ {escape(reason.text)} [dim]({reason.rule})[/dim]{cause}")
        step, depth = reason.because, depth + 1
    for other in report.kept[path][1:]:
        cause = f" {escape(other.because)}" if other.because else ""
        console.print(f"  also: {escape(other.text)} [dim]({other.rule})[/dim]{cause}")


def _dropped(report: SlimReport, path: str) -> None:
    console = stdout()
    below = {name: count for name, count in report.dropped.items() if name.startswith(path.rstrip("/") + "/")}
    if path in report.dropped:
        console.print(f"[red]dropped[/red] [bold]{escape(path)}[/bold] ({size(report.dropped[path])})")
    elif below:
        total = size(sum(below.values()))
        console.print(f"[red]dropped[/red] [bold]{escape(path)}[/bold]: {len(below)} files, {total}")
    else:
        console.print(f"[yellow]not in the image[/yellow] [bold]{escape(path)}[/bold]")
        return
    folder = "/" + parent(path.strip("/").encode()).decode()
    while folder != "/" and folder not in report.kept:
        folder = "/" + parent(folder.strip("/").encode()).decode()
    console.print(f"  └ nothing asked for it under --keep {report.policy}")
    if folder in report.kept and folder != "/":
        console.print(f"  nearest folder that stays: {escape(folder)}: {escape(report.kept[folder][0].text)}")
    console.print(f"  [dim]to keep it: --include '{escape(path.lstrip('/'))}'[/dim]")
