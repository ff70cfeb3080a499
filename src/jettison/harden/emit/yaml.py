"""A writer of YAML in block style, with comments.

What it writes means the same to readers of YAML 1.1 and 1.2: a string that one of them could take for
something else stands in double quotes (`no`, `1e3`, `0x1F`, `2001-01-01`, `~`, `1:30`).
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

WIDTH: Final = 110
_PLAIN: Final = re.compile(r"[A-Za-z/](?:[A-Za-z0-9_./@:+,-]*[A-Za-z0-9_/])?")
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""Booleans and nulls of YAML 1.1 (<https://yaml.org/type/>); nothing else ambiguous matches `_PLAIN`."""
_MAX_KEY: Final = 1000
"""A key on the line of its value ends within 1024 characters (YAML 1.2.2, 7.4.2)."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A value with a comment that says why it is so."""

    value: Any
    note: str


def document(value: Any, *, head: str = "") -> str:
    """`value` (mappings, sequences, strings, integers, booleans, None, each also as `Noted`) as one document
    that ends in a line break; `head` stands above it as comments.

    Raises ValueError for a key that is too long for its line, TypeError for a value of another type.
    """
    body = list(_lines(value, 0))
    return "".join(f"{line}\n" for line in (*comment(head), *body))


def comment(text: str, indent: int = 0) -> list[str]:
    """Comment lines that hold `text`, wrapped; a line break starts a new line, all other control characters
    become spaces."""
    pad = " " * indent
    out: list[str] = []
    for paragraph in text.split("\n") if text else ():
        words = "".join(c if c.isprintable() else " " for c in paragraph)
        wrapped = textwrap.wrap(words, WIDTH - indent - 2, break_long_words=False, break_on_hyphens=False)
        out += [f"{pad}# {line}" for line in wrapped or [""]]
    return [line.rstrip() for line in out]


def quoted(text: str) -> str:
    """`text` as a scalar on one line: plain where nobody can misread it, else in double quotes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    code = ord(character)
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    if character in "\n\t\r":
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}[character]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _scalar(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return quoted(value)
        case Mapping() | Sequence() if not value:
            return "{}" if isinstance(value, Mapping) else "[]"
    raise TypeError(f"no YAML for {type(value).__name__}")


def _bare(value: Any) -> tuple[Any, str]:
    return (value.value, value.note) if isinstance(value, Noted) else (value, "")


def _is_block(value: Any) -> bool:
    return bool(value) and isinstance(value, Mapping | Sequence) and not isinstance(value, str)


def _lines(value: Any, indent: int) -> Iterator[str]:
    value, note = _bare(value)
    if not _is_block(value):
        yield from _with_note(" " * indent + _scalar(value), note, indent)
        return
    yield from comment(note, indent)
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _entry(key, item, indent)
    else:
        for item in value:
            yield from _item(item, indent)


def _entry(key: str, item: Any, indent: int) -> Iterator[str]:
    item, note = _bare(item)
    name = quoted(key)
    if len(name) > _MAX_KEY:
        raise ValueError(f"a key of {len(name)} characters")
    if not _is_block(item):
        yield from _with_note(f"{' ' * indent}{name}: {_scalar(item)}", note, indent)
        return
    yield from comment(note, indent)
    yield f"{' ' * indent}{name}:"
    yield from _lines(item, indent + 2)


def _item(item: Any, indent: int) -> Iterator[str]:
    """The first line that is no comment begins with the dash."""
    dashed = False
    for line in _lines(item, indent + 2):
        if dashed or line.lstrip().startswith("#"):
            yield line if dashed else line[2:]
        else:
            yield f"{' ' * indent}- {line[indent + 2 :]}"
            dashed = True


def _with_note(line: str, note: str, indent: int) -> Iterator[str]:
    """At the end of the line if there is room, else above."""
    notes = comment(note, indent)
    if len(notes) == 1 and len(line) + 2 + len(notes[0].lstrip()) <= WIDTH:
        yield f"{line}  {notes[0].lstrip()}"
        return
    yield from notes
    yield line
