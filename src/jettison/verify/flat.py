"""JSON as lines: `$.items[0].id: 5`, one for each value, sorted by key; and which of its lists are sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import Any, Final

import msgspec

_MAX_CHARS: Final = 8 * 1024 * 1024
"""JSON whose lines would be longer in all than this is compared as it stands: paths repeat."""


def decoded(text: str) -> Any:
    """The value of a JSON text; `NotImplemented` when it is not JSON, which no JSON text means."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return NotImplemented


def flattened(value: Any, sets: Collection[str] = ()) -> list[str] | None:
    """One line for each value in `value`; None when that is too much. The lists that `sets` names are sorted
    first."""
    lines: list[str] = []
    room = _MAX_CHARS
    for line in _values("$", "$", value, sets):
        room -= len(line)
        if room < 0:
            return None
        lines.append(line)
    return lines


def sets_between(first: Any, second: Any, mask: Callable[[str], str], path: str = "$") -> Iterator[str]:
    """Paths of lists that hold the same items in another order; what `mask` hides may differ in them."""
    if isinstance(first, dict) and isinstance(second, dict):
        for key in first.keys() & second.keys():
            yield from sets_between(first[key], second[key], mask, f"{path}.{key}")
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        left, right = ([mask(_canonical(item)) for item in items] for items in (first, second))
        if left != right and Counter(left) == Counter(right):
            yield path
        else:
            for a, b in zip(first, second, strict=True):
                yield from sets_between(a, b, mask, f"{path}[]")


def _values(path: str, family: str, value: Any, sets: Collection[str]) -> Iterator[str]:
    """`family` is `path` without the places in lists."""
    if isinstance(value, dict) and value:
        for key in sorted(value):
            yield from _values(f"{path}.{key}", f"{family}.{key}", value[key], sets)
    elif isinstance(value, list) and value:
        items = sorted(value, key=_canonical) if family in sets else value
        for index, item in enumerate(items):
            yield from _values(f"{path}[{index}]", f"{family}[]", item, sets)
    else:
        yield f"{path}: {_canonical(value)}"


def _canonical(value: Any) -> str:
    return msgspec.json.encode(value, order="sorted").decode()
