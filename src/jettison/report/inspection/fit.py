"""Fitting a summary on one screen of a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

AROUND: Final = 2
"""Lines of a terminal that are not the summary's: the progress before it, and the prompt after it."""
_LEAST: Final = 2
"""Rows of a part that is cut: one, and what says how many are missing."""


class Line:
    """A line of markup that a terminal cuts at its width; a file gets all of it."""

    def __init__(self, markup: str) -> None:
        self._markup = markup

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        text = Text.from_markup(self._markup, overflow="ellipsis" if console.is_terminal else "ignore")
        text.no_wrap = True
        yield text


def shares(wanted: Sequence[int], rows: int) -> list[int]:
    """`rows` dealt out in turns, to none more than it wants; each gets two, even if there are too few."""
    dealt = [min(want, _LEAST) for want in wanted]
    while sum(dealt) < min(rows, sum(wanted)):
        for number, want in enumerate(wanted):
            if dealt[number] < want and sum(dealt) < rows:
                dealt[number] += 1
    return dealt


def within(lines: Sequence[str], rows: int, total: int, rest: str) -> list[str]:
    """At the most `rows` of `lines`, of which there are `total`; where not all are shown, the last one says
    how many are missing, and then `rest`."""
    if total <= rows:
        return list(lines)
    shown = lines[: max(rows - 1, 0)]
    return [*shown, f"[dim]  {total - len(shown)} {rest}[/dim]"] if rows else []
