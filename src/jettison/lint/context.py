"""The build context: the folder that is sent to the builder, seen through its ignore file.

Specification: "Dockerignore files" of the Docker build documentation and moby's `patternmatcher`:
patterns are matched from the root, `**` spans folders, `!` brings back, the last match wins, and a match
of a folder covers what is in it.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from jettison.lint.source import Source

MAX_FILES: Final = 50_000
"""Entries of a context that are looked at; a larger one is reported as large without an exact number."""
MAX_IGNORE_BYTES: Final = 1024 * 1024
"""An ignore file; real ones have a few lines."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of an ignore file."""

    text: str
    line: int
    negated: bool
    regex: re.Pattern[str]


def read_patterns(text: str) -> list[Pattern]:
    """The patterns of an ignore file; comments, blank lines and patterns that cannot be read are left out."""
    found: list[Pattern] = []
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        body = line.strip()
        if not body or line.startswith("#"):
            continue
        negated = body.startswith("!")
        clean = posixpath.normpath(body[1:].strip() if negated else body).lstrip("/")
        if clean and clean != ".":
            found.append(Pattern(body, number, negated, _regex(clean)))
    return found


_TOKEN: Final = re.compile(r"\*\*/?|\*|\?|\\(.)|\[\^?[^\]]+\]|.", re.DOTALL)


def _regex(pattern: str) -> re.Pattern[str]:
    out: list[str] = []
    for match in _TOKEN.finditer(pattern):
        part = match[0]
        if part.startswith("**"):
            out.append("(?:.*/)?" if part.endswith("/") else ".*")
        elif part == "*":
            out.append("[^/]*")
        elif part == "?":
            out.append("[^/]")
        elif match[1]:
            out.append(re.escape(match[1]))
        elif part.startswith("[") and len(part) > 1:
            out.append(part.replace("\\", "\\\\"))
        else:
            out.append(re.escape(part))
    try:
        return re.compile("".join(out) + r"\Z", re.DOTALL)
    except re.error:
        return re.compile(re.escape(pattern) + r"\Z")


class BuildContext:
    """A folder as the builder sees it. `dockerfile` is the name of the Dockerfile, whose own ignore file
    comes first."""

    def __init__(self, folder: Path, dockerfile: str = "Dockerfile") -> None:
        self.folder = folder
        self.dockerfile = dockerfile

    @cached_property
    def ignore_path(self) -> Path | None:
        """The ignore file that counts: `NAME.dockerignore` beside the Dockerfile, or `.dockerignore`."""
        own = self.folder / f"{self.dockerfile}.dockerignore"
        return next((path for path in (own, self.folder / ".dockerignore") if path.is_file()), None)

    @cached_property
    def ignore_source(self) -> Source | None:
        """The text of the ignore file."""
        if self.ignore_path is None:
            return None
        with self.ignore_path.open("rb") as file:
            return Source.of(file.read(MAX_IGNORE_BYTES))

    @cached_property
    def patterns(self) -> list[Pattern]:
        """The patterns of the ignore file."""
        return [] if self.ignore_source is None else read_patterns(self.ignore_source.text)

    def ignored(self, path: str) -> bool:
        """Whether a path (relative to the context) is kept away from the builder."""
        parts = path.split("/")
        ancestors = ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
        state = False
        for pattern in self.patterns:
            if state is pattern.negated and any(pattern.regex.match(place) for place in ancestors):
                state = not pattern.negated
        return state

    @cached_property
    def files(self) -> list[tuple[str, int]]:
        """Path and size of every file that is not ignored, links not followed, at most `MAX_FILES`."""
        return list(self._walk())

    def _walk(self) -> Iterator[tuple[str, int]]:
        seen = 0
        waiting = [""]
        brings_back = any(pattern.negated for pattern in self.patterns)
        while waiting:
            folder = waiting.pop()
            for entry in self._scan(folder):
                seen += 1
                if seen > MAX_FILES:
                    return
                path = f"{folder}/{entry.name}" if folder else entry.name
                ignored = self.ignored(path)
                if entry.is_dir(follow_symlinks=False):
                    if not ignored or brings_back:
                        waiting.append(path)
                elif not ignored:
                    yield path, entry.stat(follow_symlinks=False).st_size

    def _scan(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.folder / folder) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError:
            return []

    def matches(self, pattern: str) -> list[str]:
        """Existing paths that a COPY source means, ignored or not. A pattern without wildcards is one
        path."""
        clean = posixpath.normpath(pattern).lstrip("/")
        if clean.startswith("../"):
            return []
        if not re.search(r"[*?\[]", clean):
            return [clean] if os.path.lexists(self.folder / clean) else []
        folder = posixpath.dirname(re.split(r"[*?\[]", clean)[0])
        regex = _regex(clean)
        return [path for path in self._below(folder) if regex.match(path)]

    def _below(self, folder: str) -> Iterator[str]:
        waiting = [folder]
        seen = 0
        while waiting:
            current = waiting.pop()
            for entry in self._scan(current):
                seen += 1
                if seen > MAX_FILES:
                    return
                path = f"{current}/{entry.name}" if current else entry.name
                yield path
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
