"""An inspection or a comparison as Markdown for a pull request: what matters first, the rest folded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from jettison.inspect.budget import Verdict
from jettison.inspect.model import Inspection, Origin
from jettison.layers.path import printable
from jettison.report.terminal import signed, size

if TYPE_CHECKING:
    from jettison.inspect.compare import Comparison


def inspection(found: Inspection, verdicts: Sequence[Verdict] = ()) -> str:
    """A summary for a pull request or a job page."""
    return "\n".join(_inspection(found, verdicts)) + "\n"


def _inspection(found: Inspection, verdicts: Sequence[Verdict]) -> Iterator[str]:
    sizes = found.sizes
    yield f"### {_md(found.image.reference)}: {size(sizes.on_disk)}\n"
    yield from (f"- {':white_check_mark:' if v.passed else ':x:'} {v.text}" for v in verdicts)
    yield "\n| on disk | reachable | dead | duplicates | yours | files | layers |"
    yield "|" + "---:|" * 7
    yours = size(sizes.yours) if found.base.layers else "-"
    yield (
        f"| {size(sizes.on_disk)} | {size(sizes.reachable)} | {size(sizes.dead)} | {size(sizes.duplicate)}"
        f" | {yours} | {sizes.files:,} | {len(found.layers)} |"
    )
    yield from _folded(
        "Waste",
        ("size", "what", "by layer", "remedy"),
        (
            (size(w.size), _md(w.title), str(w.parts[0].layer), _md(_remedy(w.origin, w.remedy)))
            for w in found.waste
        ),
    )
    yield from _folded(
        "Secrets",
        ("what", "where", "layer", "seen as"),
        (
            (_md(s.title), _md(f"{s.place} {s.path}:{s.line}"), str(s.layer), _md(s.masked))
            for s in found.secrets or ()
        ),
    )
    yield from _folded(
        "Findings",
        ("level", "what", "remedy", "id"),
        ((c.level, _md(c.title), _md(_remedy(c.origin, c.remedy)), c.id) for c in found.checks),
    )
    yield from _folded(
        "Layers",
        ("layer", "on disk", "dead", "files", "made by"),
        (
            (str(x.index), size(x.on_disk), size(x.dead), f"{x.files:,}", _md(x.text[:120]))
            for x in found.layers
        ),
    )


def _remedy(origin: Origin, remedy: str) -> str:
    return "in the base: choose a slimmer or newer one" if origin is Origin.BASE else remedy


def comparison(found: Comparison) -> str:
    """A comment for a pull request: what matters first, the rest folded."""
    return "\n".join(_comparison(found)) + "\n"


def _comparison(found: Comparison) -> Iterator[str]:
    old, new = found.sizes_before, found.sizes_after
    by = new.on_disk - old.on_disk
    yield f"### {_md(found.after.reference)}: {signed(by) if by else 'same size'}"
    yield f"\nagainst {_md(found.before.reference)}, {found.shared_layers} layers shared\n"
    yield "| | before | after | change |\n|---|---:|---:|---:|"
    for name in ("on_disk", "reachable", "dead"):
        a, b = getattr(old, name), getattr(new, name)
        yield f"| {name.replace('_', ' ')} | {size(a)} | {size(b)} | {signed(b - a)} |"
    yield f"| files | {old.files:,} | {new.files:,} | {new.files - old.files:+,} |"
    alarms = [*(f"new secret: {s.title} in {s.place} {s.path}" for s in found.secrets_added)]
    alarms += [f"new privileged program: /{p.path} ({p.how})" for p in found.privileged_added]
    alarms += [f"new finding: {c.title} ({c.id})" for c in found.checks_added]
    yield from (f"\n:warning: {_md(alarm)}" for alarm in alarms)
    yield from _folded("Why", ("change", "cause"), ((signed(g.size), _md(g.title)) for g in found.growth))
    yield from _folded(
        "Packages",
        ("package", "before", "after", "size"),
        (
            (_md(f"{p.ecosystem} {p.name}"), _md(p.before), _md(p.after), signed(p.size))
            for p in found.packages
        ),
    )
    yield from _folded(
        "Config",
        ("field", "before", "after"),
        ((_md(s.field), _md(s.before), _md(s.after)) for s in found.settings),
    )
    yield from _folded(
        "Files",
        ("", "path", "size", ""),
        (
            (str(f.change), _md("/" + f.path), signed(f.after - f.before), _md(f.detail))
            for f in found.files[:100]
        ),
    )


def _folded(title: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    if lines:
        yield f"\n<details{' open' if title == 'Why' else ''}><summary>{title} ({len(lines)})</summary>\n"
        yield "| " + " | ".join(columns) + " |\n|" + "---|" * len(columns)
        yield from lines
        yield "\n</details>"


def _md(text: str) -> str:
    """Text of an image as code, so that nothing in it is Markdown or HTML."""
    return "`" + printable(text).replace("`", "'").replace("|", "\\|") + "`" if text else ""
