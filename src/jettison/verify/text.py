"""Texts as lines of tokens, and which line of one answers to which line of the other.

JSON becomes one line for each value (`$.items[0].id: 5`) and markup one line for each tag, so that one way of
comparing serves all, and a difference can be shown as lines.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Final, NamedTuple

from jettison.verify import clock, flat

_MAX_MATCHES = 50_000
"""Pairs of equal lines up to which two texts are aligned, which takes that times the number of lines in the
worst case; of texts that repeat themselves more the lines are paired as they come."""
ALL: Final = "*"
"""All lines of a text, in `sets`."""
_MARKUP = frozenset(("text/html", "application/xhtml+xml", "application/xml", "text/xml"))
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_ID = r"(?=[A-Za-z_-]{0,16}\d)(?=[\d_-]{0,16}[A-Za-z])[\w-]{8,}"
_NUMBER = r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
_TOKEN = re.compile(
    rf"(?P<time>{clock.TIME.pattern})|(?P<id>\b(?:{_UUID}|{_ID})\b)|(?P<number>{_NUMBER})|[^\W\d]+|\s+|."
)
_MASK = re.compile(rf"(?P<time>{clock.TIME.pattern})|(?P<id>\b(?:{_UUID}|{_ID})\b)|(?P<number>{_NUMBER})")
_UNIT = re.compile(
    r"(?:[nmuµ]?s|secs?|seconds?|msecs?|min|minutes?|milliseconds?|microseconds?|hours?|h)\b", re.I
)
ALARM = re.compile(
    r"\b(?:errors?|fail(?:ed|ures?|s)?|fatal|panic|exception|traceback|segmentation|segfault|abort(?:ed)?"
    r"|cannot|can't|could ?n[o']t|unable|no such|not found|missing|undefined|unavailable|denied|refused"
    r"|invalid)\b",
    re.IGNORECASE,
)
"""Words of trouble: where they stand, nothing is taken for noise that the original did not show."""


class Token(StrEnum):
    """What a varying piece of a line may be."""

    NUMBER = "number"
    TIME = "time"
    ID = "id"
    ANY = "any"


def lines_of(text: str, *, kind: str = "", sets: Collection[str] = ()) -> list[str]:
    """`text` as lines to compare; `kind` is its media type, where it has one.

    `sets` (of `sets_of`) names what has no order and is therefore sorted: lists of JSON, or all lines of a
    text.
    """
    if is_json(text, kind) and (value := flat.decoded(text)) is not NotImplemented:
        lines = flat.flattened(value, sets)
        if lines is not None:
            return lines
    if kind in _MARKUP or kind.endswith("+xml"):
        text = text.replace("><", ">\n<")
    lines = text.replace("\r", "\n").splitlines() if "\r" in text else text.split("\n")
    return sorted(lines, key=lambda line: (shape(line), line)) if ALL in sets else lines


def sets_of(first: str, second: str, *, kind: str = "") -> set[str]:
    """What stands in another order in `second` and is otherwise the same, be it with other times and
    identifiers in it."""
    if is_json(first, kind) and NotImplemented not in (pair := (flat.decoded(first), flat.decoded(second))):
        return set(flat.sets_between(pair[0], pair[1], _fixed))
    a, b = lines_of(first, kind=kind), lines_of(second, kind=kind)
    for view in (_fixed, shape):
        left, right = list(map(view, a)), list(map(view, b))
        if left != right and Counter(left) == Counter(right):
            return {ALL}
    return set()


def is_json(text: str, kind: str) -> bool:
    """Whether it is worth a try."""
    return text[:1] in ("{", "[") or kind.endswith(("/json", "+json"))


def _fixed(line: str) -> str:
    """`line` without times and identifiers."""
    return _MASK.sub(_mask_but_numbers, line)


def tokens(line: str) -> list[str]:
    """`line` in pieces that vary as a whole: times, identifiers, numbers, words, single characters."""
    return [match.group() for match in _TOKEN.finditer(line)]


def shape(line: str) -> str:
    """`line` with times, identifiers and numbers masked: equal for lines that say the same of other
    things."""
    return _MASK.sub(lambda match: f"\0{match.lastgroup}\0", line)


def gist(line: str) -> str:
    """What a line of a command's output says, whatever its numbers and its spacing; where it speaks of
    trouble, the numbers count."""
    return " ".join(_fixed(line).split()) if ALARM.search(line) else outline(line)


def outline(line: str) -> str:
    """`shape` whatever the spacing."""
    return " ".join(shape(line).split())


def _mask_but_numbers(match: re.Match[str]) -> str:
    return match.group() if match.lastgroup == "number" else f"\0{match.lastgroup}\0"


def kind_of(text: str) -> Token:
    """What `text` is by its looks."""
    if clock.TIME.fullmatch(text):
        return Token.TIME
    if re.fullmatch(_NUMBER, text):
        return Token.NUMBER
    return Token.ID if re.fullmatch(rf"{_UUID}|{_ID}", text) else Token.ANY


def is_duration(pieces: Sequence[str], position: int) -> bool:
    """Whether the number at `position` counts time: a unit follows."""
    rest = [piece for piece in pieces[position + 1 : position + 3] if not piece.isspace()]
    return bool(rest) and _UNIT.fullmatch(rest[0]) is not None and kind_of(pieces[position]) is Token.NUMBER


class Hunk(NamedTuple):
    """Items `[start, end)` of one sequence stand where the other has `[other_start, other_end)`."""

    start: int
    end: int
    other_start: int
    other_end: int


def hunks(first: Sequence[str], second: Sequence[str]) -> Iterator[Hunk]:
    """Where two lines of tokens differ: position by position when they have the same number, else what lies
    between their common beginning and their common end."""
    if len(first) == len(second):
        for position, (a, b) in enumerate(zip(first, second, strict=True)):
            if a != b:
                yield Hunk(position, position + 1, position, position + 1)
        return
    head, tail = _common(first, second)
    yield Hunk(head, len(first) - tail, head, len(second) - tail)


def pairs(first: Sequence[str], second: Sequence[str]) -> Iterator[tuple[int | None, int | None]]:
    """Indices of lines that answer to each other, by their text, then by their shape, then in order; None
    where one has no partner. Equal lines are left out."""
    head, tail = _common(first, second)
    whole = Hunk(head, len(first) - tail, head, len(second) - tail)
    for hunk in _aligned(first, second, whole, view=str):
        for inner in _aligned(first, second, hunk, view=shape):
            a, b = range(inner.start, inner.end), range(inner.other_start, inner.other_end)
            if len(a) == len(b):
                yield from ((i, j) for i, j in zip(a, b, strict=True) if first[i] != second[j])
            else:
                yield from ((i, None) for i in a)
                yield from ((None, j) for j in b)


def _aligned(
    first: Sequence[str], second: Sequence[str], hunk: Hunk, *, view: Callable[[str], str]
) -> Iterator[Hunk]:
    """Parts of `hunk` that belong together by how `view` sees their lines. By text equal ones are left
    out."""
    left, right = first[hunk.start : hunk.end], second[hunk.other_start : hunk.other_end]
    if list(map(shape, left)) == list(map(shape, right)):
        yield hunk
        return
    left, right = list(map(view, left)), list(map(view, right))
    seen = Counter(right)
    if sum(seen[line] for line in left) > _MAX_MATCHES:
        yield hunk
        return
    for tag, i, i_end, j, j_end in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag != "equal" or view is not str:
            yield Hunk(hunk.start + i, hunk.start + i_end, hunk.other_start + j, hunk.other_start + j_end)


def _common(first: Sequence[str], second: Sequence[str]) -> tuple[int, int]:
    """How many items they have in common at the beginning, and then at the end."""
    shorter = min(len(first), len(second))
    head = 0
    while head < shorter and first[head] == second[head]:
        head += 1
    tail = 0
    while tail < shorter - head and first[-1 - tail] == second[-1 - tail]:
        tail += 1
    return head, tail
