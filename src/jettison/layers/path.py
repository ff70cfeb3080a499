"""Paths inside images: bytes, and the text form they have in documents."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

_PLAIN: Final = frozenset(range(0x20, 0x7F)) - {ord("%")}


def encode_path(path: bytes) -> str:
    """`path` as text for JSON and terminals: `%`, control bytes and what is not UTF-8 percent-encoded;
    reversible."""
    try:
        text = path.decode()
    except UnicodeDecodeError:
        return "".join(chr(b) if b in _PLAIN else f"%{b:02X}" for b in path)
    if text.isascii() and text.isprintable() and "%" not in text:
        return text
    return "".join(
        c if c.isprintable() and c != "%" else "".join(f"%{b:02X}" for b in c.encode()) for c in text
    )


def decode_path(text: str) -> bytes:
    """The bytes that `encode_path` turned into `text`."""
    return unquote_to_bytes(text)


def normalise(path: bytes) -> bytes:
    """`path` relative to the root, lexically: slashes folded, `.` dropped, `..` never above the root.

    Links are not looked at: use `FileTree.resolve` for paths that a process used.
    """
    path = path.strip(b"/")
    if b"/." not in path and b"//" not in path and path[:1] != b".":
        return path
    out: list[bytes] = []
    for part in path.split(b"/"):
        if part == b"..":
            if out:
                out.pop()
        elif part not in (b"", b"."):
            out.append(part)
    return b"/".join(out)


def parent(path: bytes) -> bytes:
    """The folder that holds `path` (normalised); the root's parent is the root."""
    return path.rpartition(b"/")[0]


def name(path: bytes) -> bytes:
    """The last component of `path`."""
    return path.rpartition(b"/")[2]


_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069]")


def printable(text: str) -> str:
    """`text` from an image with terminal controls and direction marks made visible (`\\x1b`), for any
    output."""
    return _UNSAFE.sub(lambda m: m.group().encode("unicode_escape").decode(), text)
