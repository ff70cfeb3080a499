"""`jettison doctor`."""

from __future__ import annotations

from contextlib import suppress

import click
import msgspec
from rich.markup import escape

from jettison.errors import HostError
from jettison.report.terminal import stdout
from jettison.sandbox.doctor import Check, checks, clear_leftovers
from jettison.sandbox.rootless import become_root


@click.command("doctor")
@click.option("--clear", is_flag=True, help="Undo what earlier runs left behind.")
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
def command(clear: bool, as_json: bool) -> int:
    """What this host offers for running, observing and publishing images; what to install; what was left
    behind.

    Exit codes: 0 everything that is needed is there, 4 something is missing.
    """
    with suppress(HostError):  # the checks say why
        become_root()
    cleared = clear_leftovers() if clear else []
    found = checks()
    if as_json:
        click.echo(msgspec.json.encode(found))
    else:
        for each in cleared:
            stdout().print(f"[green]✓[/green] cleared {escape(str(each))}")
        for check in found:
            _show(check)
    return 0 if all(check.ok or not check.required for check in found) else 4


def _show(check: Check) -> None:
    mark = "[green]✓[/green]" if check.ok else "[red]✗[/red]" if check.required else "[yellow]–[/yellow]"
    console = stdout()
    console.print(f"{mark} [bold]{escape(check.name)}[/bold] {escape(check.detail)}")
    if not check.ok and check.remedy:
        console.print(f"    {escape(check.remedy)}")
