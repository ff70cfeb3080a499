"""A comparison on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from jettison.inspect.compare import Change, Comparison
from jettison.layers.path import printable
from jettison.report.terminal import signed, size

_ROWS: Final = 12
_NAMED: Final = 3
_SIGNS: Final = {Change.ADDED: "+", Change.REMOVED: "-", Change.CONTENT: "~", Change.METADATA: "="}
_STYLES: Final = {
    Change.ADDED: "green",
    Change.REMOVED: "red",
    Change.CONTENT: "yellow",
    Change.METADATA: "blue",
}


def screen(found: Comparison, *, everything: bool = False) -> RenderableType:
    """The changes that matter on one screen, or with `everything` all of them."""
    rows = 10**9 if everything else _ROWS
    parts: list[RenderableType] = [_head(found)]
    if found.growth:
        parts += [Text(""), _growth(found, rows)]
    lines = [*_security(found, rows), *_settings(found, rows), *_packages(found, rows), *_files(found, rows)]
    parts += [Text.from_markup(line) for line in lines]
    if not everything:
        parts.append(Text("more: --all, --file PATH, --markdown, --json", style="dim"))
    return Group(*parts)


def _head(found: Comparison) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", justify="right")
    table.add_column()
    table.add_row(
        "before", f"[bold]{_safe(found.before.reference)}[/bold] [dim]{found.before.id[7:19]}[/dim]"
    )
    table.add_row("after", f"[bold]{_safe(found.after.reference)}[/bold] [dim]{found.after.id[7:19]}[/dim]")
    old, new = found.sizes_before, found.sizes_after
    table.add_row("on disk", _change(old.on_disk, new.on_disk))
    table.add_row("reachable", _change(old.reachable, new.reachable))
    table.add_row("dead", _change(old.dead, new.dead))
    table.add_row("files", f"{old.files:,} → {new.files:,}")
    table.add_row("layers", f"{found.shared_layers} shared from the base on")
    return table


def _change(before: int, after: int) -> str:
    colour = "red" if after > before else "green"
    by = f" [{colour}]{signed(after - before)}[/{colour}]" if after != before else " [dim]unchanged[/dim]"
    return f"{size(before)} → {size(after)}{by}"


def _growth(found: Comparison, rows: int) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    by = found.sizes_after.reachable - found.sizes_before.reachable
    verb = "it grew by " if by > 0 else "it shrank by " if by < 0 else "the size is the same"
    table.add_column("why", justify="right")
    table.add_column(verb + (size(abs(by)) if by else "") + _came_and_went(found))
    for cause in found.growth[:rows]:
        colour = "red" if cause.size > 0 else "green"
        table.add_row(f"[{colour}]{signed(cause.size)}[/{colour}]", _safe(cause.title))
    return table


def _came_and_went(found: Comparison) -> str:
    """How many packages are behind the sizes, for the head of the causes."""
    counts = {
        "added": sum(not each.before for each in found.packages),
        "removed": sum(not each.after for each in found.packages),
        "of another version": sum(bool(each.before and each.after) for each in found.packages),
    }
    told = ", ".join(f"{count} {how}" for how, count in counts.items() if count)
    return f"; packages: {told}" if told else ""


def _security(found: Comparison, rows: int) -> Iterator[str]:
    for secret in found.secrets_added:
        where = f"{secret.place} {_safe(secret.path)} [dim]{_safe(secret.masked)}[/dim]"
        yield f"[red]✗ new secret[/red] {_safe(secret.title)} in {where}"
    for program in found.privileged_added:
        yield f"[red]✗ new privileged program[/red] /{_safe(program.path)} [dim]{_safe(program.how)}[/dim]"
    for check in found.checks_added:
        detail = f"[dim]{_safe(check.detail)} {check.id}[/dim]"
        yield f"[yellow]! new finding[/yellow] {_safe(check.title)} {detail}"
    for title, gone in _gone(found):
        yield from _gone_lines(title, gone, rows)
    for user in found.users_added:
        yield f"[yellow]! new user[/yellow] {_safe(user)}"


def _gone(found: Comparison) -> Iterator[tuple[str, list[str]]]:
    yield "secrets", [secret.path for secret in found.secrets_removed]
    yield "privileged programs", ["/" + program.path for program in found.privileged_removed]
    yield "findings", [f"{check.title} ({check.id})" for check in found.checks_removed]
    yield "users", list(found.users_removed)


def _gone_lines(what: str, gone: list[str], rows: int) -> Iterator[str]:
    """One line for all of a kind, which names some; with all rows a line for each."""
    if rows > _ROWS:
        yield from (f"[green]✓ gone[/green] {what}: {_safe(each)}" for each in gone)
    elif gone:
        more = f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
        named = _safe(", ".join(gone[:_NAMED]))
        yield f"[green]✓ gone[/green] {len(gone)} {what}: {named}{more}"


def _settings(found: Comparison, rows: int) -> Iterator[str]:
    for each in found.settings[:rows]:
        old, new = _safe(each.before) or "(none)", _safe(each.after) or "(none)"
        yield f"[bold]{_safe(each.field)}[/bold] {old} → {new}"
    yield from _more(len(found.settings), rows, "settings")


def _packages(found: Comparison, rows: int) -> Iterator[str]:
    for each in found.packages[:rows]:
        old, new = _safe(each.before) or "(none)", _safe(each.after) or "(none)"
        yield f"{each.ecosystem} [bold]{_safe(each.name)}[/bold] {old} → {new} [dim]{signed(each.size)}[/dim]"
    yield from _more(len(found.packages), rows, "packages")


def _files(found: Comparison, rows: int) -> Iterator[str]:
    for each in found.files[:rows]:
        colour = _STYLES[each.change]
        sizes = signed(each.after - each.before) if each.after != each.before else ""
        detail = f"[dim]{sizes} {_safe(each.detail)}[/dim]"
        yield f"[{colour}]{_SIGNS[each.change]}[/{colour}] /{_safe(each.path)} {detail}"
    yield from _more(sum(found.counts.values()), rows, "paths")


def _more(total: int, rows: int, what: str) -> Iterator[str]:
    if total > rows:
        yield f"[dim]… {total - rows} more {what}[/dim]"


def _safe(text: str) -> str:
    return escape(printable(text))
