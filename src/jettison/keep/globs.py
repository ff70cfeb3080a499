"""The patterns of `--include` and `--exclude`.

A pattern is an absolute path inside the image (a leading slash may be left out). `*` and `?` match within one
name, `[…]` one byte of a set, `**` any number of whole names. A pattern that matches a folder means
everything in it too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from jettison.errors import UsageError
from jettison.layers.path import normalise

if TYPE_CHECKING:
    from jettison.layers.tree import FileTree

_TOKEN = re.compile(rb"\*\*/|/\*\*$|\*\*|\*|\?|\[!?\]?[^\]/]*\]|.", re.DOTALL)


class Glob:
    """One compiled pattern; `str(glob)` is what the user wrote. Raises `UsageError` for a pattern that means
    nothing."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._raw = normalise(text.encode("utf-8", "surrogateescape"))
        if not self._raw:
            raise UsageError(
                f"pattern {text!r} names nothing", hint="give a path inside the image, like '/app/**/*.html'"
            )
        try:
            self._match = re.compile(
                b"".join(map(_translate, _TOKEN.findall(self._raw))) + rb"(?:/.*)?", re.DOTALL
            )
        except re.error as error:
            raise UsageError(f"pattern {text!r}: {error}") from error

    def __str__(self) -> str:
        return self._text

    def matches(self, path: bytes) -> bool:
        """Whether `path` (normalised), or a folder it lies in, is meant."""
        return self._match.fullmatch(path) is not None

    @property
    def literal(self) -> bytes | None:
        """The normalised path, where the pattern is a plain one."""
        return None if any(c in self._raw for c in b"*?[") else self._raw


def _translate(token: bytes) -> bytes:
    match token:
        case b"**/":
            return rb"(?:[^/]+/)*"
        case b"/**":
            return rb"(?:/.*)?"
        case b"**":
            return rb".*"
        case b"*":
            return rb"[^/]*"
        case b"?":
            return rb"[^/]"
    if len(token) > 1:
        negated = token[1:2] == b"!"
        inner = re.escape(token[2 if negated else 1 : -1]).replace(rb"\-", b"-").replace(b"--", rb"-\-")
        return b"[" + (b"^/" if negated else b"") + inner + b"]"
    return re.escape(token)


def matching(globs: Iterable[Glob], tree: FileTree) -> Iterator[tuple[Glob, list[bytes]]]:
    """Each glob with the paths of `tree` that it means, sorted.

    A plain path may lead through symbolic links, as it would for a process in the container.
    """
    for glob in globs:
        if glob.literal is not None:
            yield glob, _below(tree, glob.literal)
        else:
            yield glob, [node.path for node in tree.walk() if node.path and glob.matches(node.path)]


def _below(tree: FileTree, path: bytes) -> list[bytes]:
    resolved = tree.resolve(path, follow_last=True)
    if resolved.node is None:
        return [path] if tree.get(path) is not None else []
    found = [node.path for node in tree.walk(resolved.path)]
    return found if resolved.path == path else [path, *found]
