"""The terminal: errors, progress and small helpers for what commands print.

Results go to stdout, everything else to stderr. Colour follows NO_COLOR and whether the stream is a
terminal (rich does both). Text that came from an image passes through `printable` before it gets here.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from jettison.errors import JettisonError
from jettison.layers.path import printable


def stdout() -> Console:
    """The console for results; lines are never wrapped when it is not a terminal."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def stderr() -> Console:
    """The console for progress and errors."""
    return Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def show_error(error: JettisonError) -> None:
    """One error: details first, then what failed and what to do next, so that the last lines say it."""
    console = stderr()
    for line in error.details:
        console.print(f"  [dim]{escape(printable(line))}[/dim]")
    console.print(f"[bold red]error:[/bold red] {escape(printable(str(error)))}")
    if error.hint:
        console.print(f"[bold]hint:[/bold] {escape(printable(error.hint))}")


def show_crash(error: BaseException, report: Path) -> None:
    """An error that nobody foresaw."""
    console = stderr()
    console.print(
        f"[bold red]internal error:[/bold red] {type(error).__name__}: {escape(printable(str(error)))}"
    )
    console.print(f"[bold]hint:[/bold] this is a defect of jettison; the traceback is in {report}")


def show_line(text: str) -> None:
    """One line on stderr."""
    stderr().print(escape(printable(text)))


def size(value: int) -> str:
    """Bytes for people, in the decimal units that `docker images` shows."""
    if value < 1000:
        return f"{value} B"
    units = iter(("kB", "MB", "GB", "TB"))
    number, unit = value / 1000, next(units)
    while number >= 999.5 and (larger := next(units, "")):
        number, unit = number / 1000, larger
    return f"{number:.3g} {unit}" if number < 100 else f"{number:,.0f} {unit}"


def signed(value: int) -> str:
    """A difference in bytes for people: `+40 MB`, `-3 kB`."""
    return ("+" if value > 0 else "-" if value < 0 else "") + size(abs(value))


class Progress:
    """Shows the stages of long work on stderr: a spinner on a terminal, elsewhere a line a finished stage."""

    def __init__(self, *, quiet: bool) -> None:
        self._console = stderr()
        self._quiet = quiet
        self._status: Status | None = None
        self.seconds: dict[str, float] = {}
        """How long each stage took, in the order in which they ran."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what runs inside as `name`; stages of the same name add up."""
        start = time.monotonic()
        try:
            if self._quiet or not self._console.is_terminal:
                yield
            else:
                with self._console.status(escape(name) + " …") as self._status:
                    yield
        finally:
            self._status = None
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - start
        if not self._quiet:
            self._console.print(
                f"[green]✓[/green] {escape(name)} [dim]{time.monotonic() - start:.2f} s[/dim]"
            )

    def moved(self, count: int, total: int) -> None:
        """Shows how many bytes of how many were moved, beside the running stage; threads may call it."""
        status = self._status
        if status is not None:
            text = str(status.status).partition(" … ")[0].removesuffix(" …")
            status.update(f"{text} … {size(count)} of {size(total)}")

    def note(self, text: str) -> None:
        """Something worth knowing."""
        if not self._quiet:
            self._console.print(f"[yellow]![/yellow] {escape(printable(text))}")
