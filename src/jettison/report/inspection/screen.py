"""An inspection on the terminal: one screen that says what matters, and a view of each part in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from jettison.inspect.budget import Verdict
from jettison.inspect.model import Check, Inspection, LayerFacts, Level, Origin, Secret, Waste
from jettison.layers.path import printable
from jettison.report.inspection.fit import AROUND, Line, shares, within
from jettison.report.terminal import size

_COLOUR: Final = {Level.ERROR: "red", Level.WARNING: "yellow", Level.INFO: "blue"}
_MOST: Final = (13, 9, 9)
"""Rows that layers, wastes and findings get where there is room for all."""


class Summary:
    """The one screen. A terminal bounds the rows by its height and cuts them; a file gets more of both."""

    def __init__(self, found: Inspection) -> None:
        self._found = found

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        found, cut = self._found, console.is_terminal
        findings, last = list(_findings(found)), list(_last(found))
        head = _head(found, cut=cut)
        counts = len(found.layers), len(found.waste), len(findings)
        wanted = [min(count, most) for count, most in zip(counts, _MOST, strict=True)]
        # a blank line before each part, and a heading for the two tables
        fixed = head.row_count + (4 if found.waste else 2) + 1 + len(last) + AROUND
        layers, wastes, checks = shares(wanted, console.height - fixed) if cut else wanted
        yield head
        yield Text("")
        yield _layer_table(found.layers, layers)
        if found.waste:
            yield Text("")
            yield _waste_table(found, wastes)
        yield Text("")
        yield from map(Line, within(findings, checks, len(findings), "more findings: --security"))
        yield from map(Line, last)


def summary(found: Inspection) -> RenderableType:
    """The one screen."""
    return Summary(found)


def _head(found: Inspection, *, cut: bool) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", justify="right")
    table.add_column(overflow="ellipsis" if cut else "fold", no_wrap=cut)
    image, sizes, base = found.image, found.sizes, found.base
    table.add_row(
        "image", f"[bold]{_safe(image.reference)}[/bold] [dim]{image.id[7:19]} {_safe(image.platform)}[/dim]"
    )
    system = _safe(image.distro or "no distribution")
    user = _safe(image.user or "root")
    table.add_row(
        "runs",
        f"{_safe(' '.join((*image.entrypoint, *image.cmd)) or 'nothing')} [dim]as {user} on {system}[/dim]",
    )
    table.add_row("base", _base(found))
    pulled = size(sizes.pulled) if sizes.pulled is not None else "not known here"
    table.add_row(
        "size",
        f"[bold]{size(sizes.on_disk)}[/bold] on disk, {size(sizes.reachable)} reachable, {pulled} pulled"
        + (f", [bold]{size(sizes.yours)}[/bold] yours" if base.layers else ""),
    )
    dead = f"[red]{size(sizes.dead)}[/red]" if sizes.dead > sizes.on_disk // 100 else size(sizes.dead)
    table.add_row("lost", f"{dead} dead in lower layers, {size(sizes.duplicate)} in duplicates")
    counts = f"{sizes.files:,} files in {len(found.layers)} layers"
    if found.packages is not None:
        kinds = Counter(package.ecosystem for package in found.packages)
        counts += ", packages: " + (
            ", ".join(f"{n} {_safe(kind)}" for kind, n in kinds.most_common()) or "none"
        )
    table.add_row("holds", counts)
    return table


def _base(found: Inspection) -> str:
    base = found.base
    if not base.how:
        return "[dim]not known; name it with --base[/dim]"
    name = f"[bold]{_safe(base.name)}[/bold]" if base.name else "unnamed"
    return f"{name} [dim]{base.layers} layers, by {_safe(base.how)}[/dim]"


def _layer_table(layers: Sequence[LayerFacts], rows: int) -> Table:
    """The layers; where there are more than `rows`, the largest, in their order."""
    shown = rows if len(layers) <= rows else rows - 1
    largest = sorted(layers, key=lambda layer: -layer.on_disk)[:shown]
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("layer", "size", "dead", "files"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("made by")
    for layer in layers:
        if layer in largest:
            table.add_row(*_layer_row(layer))
    if rest := [layer for layer in layers if layer not in largest]:
        table.add_row(
            "…",
            size(sum(layer.on_disk for layer in rest)),
            "",
            "",
            f"[dim]{len(rest)} smaller layers: --layers[/dim]",
        )
    return table


def _layer_row(layer: LayerFacts) -> tuple[str | Text, ...]:
    style = "dim" if layer.origin is Origin.BASE else "bold" if layer.origin is Origin.YOURS else ""
    dead = f"[red]{size(layer.dead)}[/red]" if layer.dead else "[dim]-[/dim]"
    made = Text(printable(layer.text or "(no record)"), style, no_wrap=True, overflow="ellipsis")
    return str(layer.index), size(layer.on_disk), dead, f"{layer.files:,}", made


def _waste_table(found: Inspection, rows: int) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("waste", justify="right", no_wrap=True)
    table.add_column("what", no_wrap=True)
    table.add_column("layer", justify="right", no_wrap=True)
    table.add_column("remedy")
    shown = rows if len(found.waste) <= rows else rows - 1
    for waste in found.waste[:shown]:
        table.add_row(*_waste_row(waste))
    if rest := found.waste[shown:]:
        table.add_row(
            size(sum(waste.size for waste in rest)), f"[dim]{len(rest)} more: --waste[/dim]", "", ""
        )
    return table


def _waste_row(waste: Waste) -> tuple[str | Text, ...]:
    layers = str(waste.parts[0].layer) + ("…" if len(waste.parts) > 1 else "")
    in_base = waste.origin is Origin.BASE
    remedy = "in the base: choose a slimmer one" if in_base else printable(waste.remedy)
    cell = Text(remedy, "dim" if in_base else "", no_wrap=True, overflow="ellipsis")
    return f"[yellow]{size(waste.size)}[/yellow]", _safe(waste.title), layers, cell


def _findings(found: Inspection) -> Iterator[str]:
    """Secrets and checks as lines of markup, the gravest first."""
    lines = [
        *_secret_lines(found),
        *(f"{_check_line(c)} [green]→ {_safe(c.remedy)}[/green]" for c in found.checks),
    ]
    yield from lines or ["[green]✓[/green] nothing to report on security"]


def _last(found: Inspection) -> Iterator[str]:
    """What stands below all parts."""
    if found.vulnerabilities is None:
        yield "[dim]  vulnerabilities: not assessed; give a database with --vulnerabilities FILE[/dim]"
    else:
        yield _vulnerability_line(found)
    if found.problems:
        yield f"[dim]{len(found.problems)} files could not be read: --problems[/dim]"
    yield "[dim]more: --layers --waste --security --packages --history, or --html FILE[/dim]"


def _vulnerability_line(found: Inspection) -> str:
    severities = Counter(each.severity or "unknown" for each in found.vulnerabilities or ())
    if not severities:
        return "[green]✓[/green] no known vulnerability in the given database"
    counts = ", ".join(f"{count} {_safe(severity)}" for severity, count in severities.most_common())
    return f"[red]✗[/red] known vulnerabilities: {counts} [dim]--packages[/dim]"


def _secret_lines(found: Inspection) -> Iterator[str]:
    if found.secrets is None:
        yield "[dim]  secrets: not looked for[/dim]"
    yield from (secret_line(secret) for secret in found.secrets or ())


def secret_line(secret: Secret) -> str:
    """One secret as a line of markup."""
    where = (
        f"/{_safe(secret.path)}:{secret.line}"
        if secret.place == "file"
        else f"{secret.place} {_safe(secret.path)}"
    )
    hidden = ", deleted later but still in the image" if secret.hidden else ""
    layer = f", layer {secret.layer}" if secret.layer is not None else ""
    masked = f"[dim]{_safe(secret.masked)}{layer}[/dim]"
    return f"[red]✗[/red] [bold]{_safe(secret.title)}[/bold] in {where} {masked}{hidden}"


def _check_line(check: Check) -> str:
    colour = _COLOUR[check.level]
    paths = (
        f" [dim]/{_safe(check.paths[0])}{' …' if len(check.paths) > 1 else ''}[/dim]" if check.paths else ""
    )
    base = " [dim](base)[/dim]" if check.origin is Origin.BASE else ""
    sign = f"[{colour}]{'✗' if check.level is Level.ERROR else '!'}[/{colour}]"
    return f"{sign} {_safe(check.title)}{base}{paths} [dim]{check.id}[/dim]"


# --- the parts in full
# ------------------------------------------------------------------------------------------------
def layers(found: Inspection) -> RenderableType:
    """Every layer with every figure."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("layer", "on disk", "reachable", "dead", "pulled", "files", "added", "changed", "removed"):
        table.add_column(column, justify="right")
    table.add_column("made by")
    for layer in found.layers:
        pulled = size(layer.pulled) if layer.pulled is not None else "-"
        figures = (size(layer.on_disk), size(layer.reachable), size(layer.dead), pulled)
        counts = (f"{n:,}" for n in (layer.files, layer.added, layer.changed, layer.removed))
        table.add_row(str(layer.index), *figures, *counts, _safe(layer.text))
    return table


def waste(found: Inspection) -> RenderableType:
    """Every waste with its parts, its remedy and some of its files."""
    text = {layer.index: layer.text for layer in found.layers}
    return Group(*(line for each in found.waste for line in _waste_lines(each, text)), *_dead(found))


def _waste_lines(waste: Waste, text: Mapping[int, str]) -> Iterator[Text]:
    yield Text.from_markup(
        f"[yellow]{size(waste.size)}[/yellow] [bold]{_safe(waste.title)}[/bold]"
        f" [dim]{waste.files:,} files[/dim]"
    )
    for part in waste.parts[:5]:
        yield Text.from_markup(
            f"  {size(part.size)} by layer {part.layer}: {_safe(text.get(part.layer, ''))[:120]}"
        )
    origin = "in the base: choose a slimmer one, or " if waste.origin is Origin.BASE else ""
    yield Text.from_markup(f"  [green]→ {origin}{_safe(waste.remedy)}[/green]")
    for sample in waste.samples[:5]:
        yield Text.from_markup(f"    [dim]/{_safe(sample)}[/dim]")


def _dead(found: Inspection) -> Iterator[Text]:
    if found.dead:
        yield Text.from_markup("[bold]Largest dead files[/bold]")
    for each in found.dead[:30]:
        yield Text.from_markup(
            f"  {size(each.size):>8} /{_safe(each.path)}"
            f" [dim]in layer {each.layer}, {each.cause} by layer {each.by}[/dim]"
        )
    for double in found.duplicates[:15]:
        yield Text.from_markup(
            f"  {size(double.size):>8} {len(double.paths)} times: "
            + ", ".join("/" + _safe(path) for path in double.paths[:2])
        )


def security(found: Inspection) -> RenderableType:
    """Every finding with its remedy, users, privileged programs, certificates, defences."""
    lines = list(_secret_lines(found))
    for check in found.checks:
        lines.append(_check_line(check))
        lines += [f"    {_safe(check.detail)}"] if check.detail else []
        lines.append(f"    [green]→ {_safe(check.remedy)}[/green]")
    lines += [
        f"[bold]{each.how}[/bold] /{_safe(each.path)} [dim]{_safe(each.package)}[/dim]"
        for each in found.privileged
    ]
    lines += [f"anybody writes /{_safe(path)}" for path in found.world_writable]
    for held in found.certificates:
        state = "[red]expired[/red]" if held.expired else "valid until"
        lines.append(
            f"certificate of {_safe(held.subject)} in /{_safe(held.path)}, {state} {held.not_after[:10]}"
        )
    lines.append("shells: " + (_safe(", ".join("/" + path for path in found.shells)) or "none"))
    lines.append(
        "package managers: " + (_safe(", ".join("/" + path for path in found.package_managers)) or "none")
    )
    lines += _users(found)
    lines += _defences(found)
    return Group(*(Text.from_markup(line) for line in lines))


def _users(found: Inspection) -> Iterator[str]:
    open_ones = [user for user in found.users if user.can_log_in or user.password != "none"]  # noqa: S105
    for user in open_ones:
        who = f"user {_safe(user.name)} {user.uid}:{user.gid}"
        yield f"{who} [dim]{_safe(user.shell)}, password {user.password}[/dim]"


def _defences(found: Inspection) -> Iterator[str]:
    built = found.hardening
    if built is None:
        return
    total = built.programs + built.libraries
    yield (
        f"{built.programs} programs, {built.libraries} libraries: PIE {built.pie} of {built.programs};"
        f" of {total}: stack not executable {built.nx}, full RELRO {built.full_relro},"
        f" partial RELRO {built.partial_relro}, canary {built.canary}"
    )
    for weak in built.weak:
        yield f"  /{_safe(weak.path)} [dim]{', '.join(weak.lacks)}[/dim]"


def packages(found: Inspection) -> RenderableType:
    """The inventory, largest first, then known vulnerabilities."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("size", justify="right")
    for column in ("kind", "package", "version", "licence", "origin"):
        table.add_column(column)
    for each in sorted(found.packages or (), key=lambda p: (-p.size, p.name)):
        dev = " [dim]dev[/dim]" if each.dev else ""
        table.add_row(
            size(each.size),
            each.ecosystem,
            _safe(each.name) + dev,
            _safe(each.version),
            _safe(each.license),
            each.origin,
        )
    rows = [
        f"[red]{_safe(v.id)}[/red] {_safe(v.severity)} {_safe(v.package)} {_safe(v.version)}"
        f" → {_safe(v.fixed or 'no fix')}"
        for v in found.vulnerabilities or ()
    ]
    return Group(table, *(Text.from_markup(row) for row in rows))


def history(found: Inspection) -> RenderableType:
    """The Dockerfile, as far as the history tells."""
    return Text(printable(found.dockerfile.replace("\n", "\x00")).replace("\\x00", "\n"))


def problems(found: Inspection) -> RenderableType:
    """What could not be read."""
    return Group(*(Text(printable(problem)) for problem in found.problems))


def verdicts(found: Sequence[Verdict]) -> Iterator[Text]:
    """A line for each limit of the budget."""
    for verdict in found:
        sign = "[green]✓[/green]" if verdict.passed else "[red]✗[/red]"
        yield Text.from_markup(f"{sign} budget {_safe(verdict.text)}")


VIEWS: Final[Mapping[str, Callable[[Inspection], RenderableType]]] = {
    "layers": layers,
    "waste": waste,
    "security": security,
    "packages": packages,
    "history": history,
    "problems": problems,
}
"""By the name of their option."""


def _safe(text: str) -> str:
    return escape(printable(text))
