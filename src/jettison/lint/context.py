"""The build context: the folder that is sent to the builder, seen through its ignore file.

Specification: "Dockerignore files" of the Docker build documentation and moby's `patternmatcher`:
patterns are matched from the root, `**` spans folders, `!` brings back, the last match wins, and a match
of a folder covers what is in it.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from jettison.lint.source import Source

MAX_FILES: Final = 50_000
"""Entries of a context that are looked at; a larger one is reported as large without an exact number."""
MAX_IGNORE_BYTES: Final = 1024 * 1024
"""An ignore file; real ones have a few lines."""
MAX_HEAD: Final = 64 * 1024
"""Bytes of a file that are looked at."""


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
    comes first.

    All that is looked up in it is a question with a path. `asked` has the digests of the answers, so that
    `agrees` can tell later whether anything that was seen is different.
    """

    def __init__(self, folder: Path, dockerfile: str = "Dockerfile") -> None:
        self.folder = folder
        self.dockerfile = dockerfile
        self._asked: dict[tuple[str, str], str] = {}

    def _ask(self, question: str, path: str = "") -> Any:
        answer = _QUESTIONS[question](self, path)
        if (question, path) not in self._asked:
            self._asked[question, path] = _digest(answer)
        return answer

    def asked(self) -> list[tuple[str, str, str]]:
        """Each question so far, its path, and the digest of the answer."""
        return [(*key, digest) for key, digest in self._asked.items()]

    def agrees(self, asked: Iterable[tuple[str, str, str]]) -> bool:
        """Whether all these questions have the same answers here and now."""
        return all(
            question in _QUESTIONS and _digest(_QUESTIONS[question](self, path)) == digest
            for question, path, digest in asked
        )

    @property
    def ignore_name(self) -> str | None:
        """The ignore file that counts: `NAME.dockerignore` beside the Dockerfile, or `.dockerignore`."""
        return None if self._ignore is None else self._ignore[0]

    @cached_property
    def _ignore(self) -> tuple[str, str] | None:
        found: tuple[str, str] | None = self._ask("ignore")
        return found

    def _read_ignore(self, _: str) -> tuple[str, str] | None:
        for name in (f"{self.dockerfile}.dockerignore", ".dockerignore"):
            if (self.folder / name).is_file():
                with (self.folder / name).open("rb") as file:
                    return name, Source.of(file.read(MAX_IGNORE_BYTES)).text
        return None

    @cached_property
    def patterns(self) -> list[Pattern]:
        """The patterns of the ignore file."""
        return [] if self._ignore is None else read_patterns(self._ignore[1])

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
        found: list[tuple[str, int]] = self._ask("files")
        return found

    def _walk(self, _: str) -> list[tuple[str, int]]:
        return list(self._files())

    def _files(self) -> Iterator[tuple[str, int]]:
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
        found: list[str] = self._ask("matches", pattern)
        return found

    def _matches(self, pattern: str) -> list[str]:
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

    def has(self, path: str) -> bool:
        """Whether there is something at a path, links followed."""
        found: bool = self._ask("has", path)
        return found

    def _has(self, path: str) -> bool:
        return (self.folder / path).exists()

    def names(self, path: str) -> list[str] | None:
        """What a folder holds, sorted; None if it is none."""
        found: list[str] | None = self._ask("names", path)
        return found

    def _names(self, path: str) -> list[str] | None:
        return [entry.name for entry in self._scan(path)] if (self.folder / path).is_dir() else None

    def head(self, path: str) -> bytes | None:
        """The first bytes of a regular file, links not followed; None if it is none."""
        found: bytes | None = self._ask("head", path)
        return found

    def _head(self, path: str) -> bytes | None:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            descriptor = os.open(self.folder / path, flags)
        except OSError:
            return None
        try:
            return os.read(descriptor, MAX_HEAD) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
        finally:
            os.close(descriptor)


_QUESTIONS: Final[Mapping[str, Callable[[BuildContext, str], Any]]] = {
    "ignore": BuildContext._read_ignore,
    "files": BuildContext._walk,
    "matches": BuildContext._matches,
    "has": BuildContext._has,
    "names": BuildContext._names,
    "head": BuildContext._head,
}


def _digest(answer: object) -> str:
    data = b"=" + answer if isinstance(answer, bytes) else repr(answer).encode("utf-8", "backslashreplace")
    return hashlib.blake2b(data, digest_size=16).hexdigest()
