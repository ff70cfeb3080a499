"""A comparison on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from jettison.inspect.compare import Change, Comparison
from jettison.layers.path import printable
from jettison.report.inspection.fit import AROUND, Line, shares, within
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
    return _Everything(found) if everything else _Screen(found)


class _Everything:
    """All rows, each in full."""

    def __init__(self, found: Comparison) -> None:
        self._found = found

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        found = self._found
        yield _head(found)
        if found.growth:
            yield Text("")
            yield _growth(found, len(found.growth))
        gone = (_gone_line(title, [each]) for title, lost in _gone(found) for each in lost)
        for lines in (_new(found), gone, _settings(found), _packages(found), _files(found)):
            yield from map(Text.from_markup, lines)


class _Screen:
    """One screen. A terminal bounds the rows by its height and cuts them; a file gets more of both."""

    def __init__(self, found: Comparison) -> None:
        self._found = found

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        found = self._found
        gone = (_gone_line(title, lost) for title, lost in _gone(found) if lost)
        parts = {
            "findings": [*_new(found), *gone],
            "settings": list(_settings(found)),
            "packages": list(_packages(found)),
            "paths": list(_files(found)),
        }
        wanted = [min(len(part), _ROWS) for part in (found.growth, *parts.values())]
        head = _head(found, cut=console.is_terminal)
        fixed = head.row_count + (2 if found.growth else 0) + 1 + AROUND + 1  # it has progress for two images
        causes, *rows = shares(wanted, console.height - fixed) if console.is_terminal else wanted
        yield head
        if found.growth:
            yield Text("")
            yield _growth(found, causes)
        for (what, lines), count in zip(parts.items(), rows, strict=True):
            total = max(len(lines), sum(found.counts.values())) if what == "paths" else len(lines)
            yield from map(Line, within(lines, count, total, f"more {what}"))
        yield Text("more: --all, --file PATH, --markdown, --json", style="dim")


def _head(found: Comparison, *, cut: bool = False) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", justify="right")
    table.add_column(overflow="ellipsis" if cut else "fold", no_wrap=cut)
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
    """The causes of the difference, at the most `rows`."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    by = found.sizes_after.reachable - found.sizes_before.reachable
    verb = "it grew by " if by > 0 else "it shrank by " if by < 0 else "the size is the same"
    table.add_column("why", justify="right")
    table.add_column(verb + (size(abs(by)) if by else "") + _came_and_went(found))
    shown = rows if len(found.growth) <= rows else rows - 1
    for cause in found.growth[:shown]:
        colour = "red" if cause.size > 0 else "green"
        title = Text(printable(cause.title), no_wrap=True, overflow="ellipsis")
        table.add_row(f"[{colour}]{signed(cause.size)}[/{colour}]", title)
    if rest := found.growth[shown:]:
        table.add_row(signed(sum(cause.size for cause in rest)), f"[dim]{len(rest)} more causes[/dim]")
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


def _new(found: Comparison) -> Iterator[str]:
    """What came that concerns security."""
    for secret in found.secrets_added:
        where = f"{secret.place} {_safe(secret.path)} [dim]{_safe(secret.masked)}[/dim]"
        yield f"[red]✗ new secret[/red] {_safe(secret.title)} in {where}"
    for program in found.privileged_added:
        yield f"[red]✗ new privileged program[/red] /{_safe(program.path)} [dim]{_safe(program.how)}[/dim]"
    for check in found.checks_added:
        detail = f"[dim]{_safe(check.detail)} {check.id}[/dim]"
        yield f"[yellow]! new finding[/yellow] {_safe(check.title)} {detail}"
    for user in found.users_added:
        yield f"[yellow]! new user[/yellow] {_safe(user)}"


def _gone(found: Comparison) -> Iterator[tuple[str, list[str]]]:
    yield "secrets", [secret.path for secret in found.secrets_removed]
    yield "privileged programs", ["/" + program.path for program in found.privileged_removed]
    yield "findings", [f"{check.title} ({check.id})" for check in found.checks_removed]
    yield "users", list(found.users_removed)


def _gone_line(what: str, gone: list[str]) -> str:
    """One line for some of a kind, which names a few."""
    more = f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
    count = f"{len(gone)} {what}" if len(gone) > 1 else what
    return f"[green]✓ gone[/green] {count}: {_safe(', '.join(gone[:_NAMED]))}{more}"


def _settings(found: Comparison) -> Iterator[str]:
    for each in found.settings:
        old, new = _safe(each.before) or "(none)", _safe(each.after) or "(none)"
        yield f"[bold]{_safe(each.field)}[/bold] {old} → {new}"


def _packages(found: Comparison) -> Iterator[str]:
    for each in found.packages:
        old, new = _safe(each.before) or "(none)", _safe(each.after) or "(none)"
        yield f"{each.ecosystem} [bold]{_safe(each.name)}[/bold] {old} → {new} [dim]{signed(each.size)}[/dim]"


def _files(found: Comparison) -> Iterator[str]:
    for each in found.files:
        colour = _STYLES[each.change]
        sizes = signed(each.after - each.before) if each.after != each.before else ""
        detail = f"[dim]{sizes} {_safe(each.detail)}[/dim]"
        yield f"[{colour}]{_SIGNS[each.change]}[/{colour}] /{_safe(each.path)} {detail}"


def _safe(text: str) -> str:
    return escape(printable(text))
