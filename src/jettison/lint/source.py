"""Text with positions: what every finding, fix and report is expressed in.

Offsets count characters of the decoded text from 0; lines and columns count from 1. A file that is not UTF-8
is decoded with surrogate escapes, so that encoding it again gives back its bytes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

BOM = "\ufeff"


class Span(NamedTuple):
    """A half-open range of offsets."""

    start: int
    end: int

    def covers(self, other: Span) -> bool:
        """Whether `other` lies wholly inside."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Span) -> bool:
        """Whether the two share a character, or an empty one lies strictly inside the other."""
        return self.start < other.end and other.start < self.end


class Position(NamedTuple):
    """A place for people: both numbers start at 1."""

    line: int
    column: int


class Source:
    """The text of one file, and the way between offsets and lines."""

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def of(cls, data: bytes) -> Source:
        """Decode `data` so that `encode` returns exactly these bytes."""
        return cls(data.decode("utf-8", "surrogateescape"))

    def encode(self) -> bytes:
        """The bytes of the file."""
        return self.text.encode("utf-8", "surrogateescape")

    @cached_property
    def starts(self) -> list[int]:
        """Offset of the first character of each line; a line ends with its `\\n`."""
        starts = [0]
        find = self.text.find
        end = find("\n")
        while end >= 0:
            starts.append(end + 1)
            end = find("\n", end + 1)
        if len(starts) > 1 and starts[-1] == len(self.text):
            starts.pop()
        return starts

    @cached_property
    def newline(self) -> str:
        """The line ending of the file: that of its first line."""
        end = self.text.find("\n")
        return "\r\n" if end > 0 and self.text[end - 1] == "\r" else "\n"

    def position(self, offset: int) -> Position:
        """Line and column of an offset; a byte order mark has no column."""
        line = bisect_right(self.starts, offset)
        column = offset - self.starts[line - 1] + 1
        if line == 1 and column > 1 and self.text.startswith(BOM):
            column -= 1
        return Position(line, column)

    def offset(self, line: int, column: int = 1) -> int:
        """The offset of a line and column, clamped to the text."""
        if line > len(self.starts):
            return len(self.text)
        start = self.starts[max(line, 1) - 1]
        if line <= 1 and self.text.startswith(BOM):
            start += 1
        return min(start + column - 1, len(self.text))

    def line(self, number: int) -> str:
        """The text of a line without its line ending; an empty string if there is no such line."""
        if not 1 <= number <= len(self.starts):
            return ""
        end = self.starts[number] if number < len(self.starts) else len(self.text)
        return self.text[self.starts[number - 1] : end].rstrip("\r\n")

    def line_span(self, number: int) -> Span:
        """The span of a line with its line ending."""
        end = self.starts[number] if number < len(self.starts) else len(self.text)
        return Span(self.starts[number - 1], end)

    def slice(self, span: Span) -> str:
        """The text of a span."""
        return self.text[span.start : span.end]


class Piece(NamedTuple):
    """A run of characters of a `Mapped` text that lie side by side in the source."""

    text: str
    offset: int


class Mapped:
    """Text put together from pieces of a source, each character of which knows where it came from.

    The joined form of a continued instruction is one; so is the script inside quotes of `bash -c '…'`.
    """

    __slots__ = ("_offsets", "_starts", "text")

    def __init__(self, pieces: Iterable[Piece]) -> None:
        starts: list[int] = []
        offsets: list[int] = []
        texts: list[str] = []
        length = 0
        for piece in pieces:
            if piece.text or not texts:
                starts.append(length)
                offsets.append(piece.offset)
                texts.append(piece.text)
                length += len(piece.text)
        self.text = "".join(texts)
        self._starts = starts or [0]
        self._offsets = offsets or [0]

    def __len__(self) -> int:
        return len(self.text)

    def __repr__(self) -> str:
        return f"Mapped({self.text!r})"

    def at(self, index: int) -> int:
        """The source offset of the character at `index`; at the end, the offset behind the last one."""
        if index > 0 and index >= len(self.text):
            return self.at(len(self.text) - 1) + 1
        piece = bisect_right(self._starts, index) - 1
        return self._offsets[piece] + index - self._starts[piece]

    def span(self, start: int, end: int) -> Span:
        """The source span of `text[start:end]`, from its first to its last character."""
        if end <= start:
            return Span(self.at(start), self.at(start))
        return Span(self.at(start), self.at(end - 1) + 1)

    def slice(self, start: int, end: int | None = None) -> Mapped:
        """`text[start:end]` with its positions."""
        stop = len(self.text) if end is None else min(end, len(self.text))
        if start >= stop:
            return Mapped([Piece("", self.at(start))])
        first = bisect_right(self._starts, start) - 1
        last = bisect_left(self._starts, stop)
        made = Mapped.__new__(Mapped)
        made.text = self.text[start:stop]
        made._starts = [0, *(place - start for place in self._starts[first + 1 : last])]
        made._offsets = [
            self._offsets[first] + start - self._starts[first],
            *self._offsets[first + 1 : last],
        ]
        return made

    def pieces(self, start: int = 0, end: int | None = None) -> Iterator[Piece]:
        """The pieces of `text[start:end]`; one empty piece if there is none."""
        stop = len(self.text) if end is None else min(end, len(self.text))
        if start >= stop:
            yield Piece("", self.at(start))
            return
        starts = self._starts
        index = bisect_right(starts, start) - 1
        while start < stop:
            last = index + 1 == len(starts) or starts[index + 1] >= stop
            upto = stop if last else starts[index + 1]
            yield Piece(self.text[start:upto], self._offsets[index] + start - starts[index])
            start = upto
            index += 1
