"""Changes to a file that a rule proposes, and what each promises."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from jettison.lint.source import Span


class Applicability(StrEnum):
    """What may be done with a fix."""

    SAFE = "safe"
    """The image is the same but for what the finding is about; applied by `--fix`."""
    UNSAFE = "unsafe"
    """Right in most files, but the build or the application may notice; applied by `--unsafe-fixes`."""
    DISPLAY = "display"
    """A suggestion that needs a person; never applied."""


class Scope(StrEnum):
    """What a fix may change, and so what is proven to be unchanged afterwards."""

    SPELLING = "spelling"
    """Nothing but the way it is written: every instruction means the same before and after."""
    COMMANDS = "commands"
    """Commands of scripts that an edit touches; all other commands and the whole image config stay."""
    CONFIG = "config"
    """The touched instructions with what they say about the image config; all other instructions stay."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the characters of `span` by `text`; an empty span inserts."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """One proposed change: all edits or none."""

    title: str
    """What it does, as an imperative: `add -y`."""
    edits: tuple[Edit, ...]
    applicability: Applicability = Applicability.SAFE
    scope: Scope = Scope.COMMANDS

    @property
    def span(self) -> Span:
        """From the first to the last changed character."""
        return Span(min(edit.span.start for edit in self.edits), max(edit.span.end for edit in self.edits))


def insert(offset: int, text: str) -> Edit:
    """Insert text at an offset."""
    return Edit(Span(offset, offset), text)


def replace(span: Span, text: str) -> Edit:
    """Replace what stands in a span."""
    return Edit(span, text)


def delete(span: Span) -> Edit:
    """Remove what stands in a span."""
    return Edit(span, "")


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text with edits applied; they must not overlap. Edits at one place are applied in the order
    given."""
    parts: list[str] = []
    position = 0
    for edit in sorted(edits, key=lambda edit: edit.span):
        if edit.span.start < position:
            raise ValueError("edits overlap")
        parts += (text[position : edit.span.start], edit.text)
        position = edit.span.end
    return "".join([*parts, text[position:]])


def conflict(edits: Iterable[Edit], others: Iterable[Edit]) -> bool:
    """Whether two sets of edits touch the same characters or the same place."""
    pool = list(others)
    return any(
        mine.span.overlaps(other.span) or mine.span.start == other.span.start
        for mine in edits
        for other in pool
    )
