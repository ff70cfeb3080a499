"""Which files to lint: what was named, and in folders everything that is called like a Dockerfile."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import pathspec

from jettison.errors import UsageError
from jettison.lint.context import BuildContext
from jettison.lint.source import Source

MAX_FILE_BYTES: Final = 4 * 1024 * 1024
"""A Dockerfile; real ones have at most a few hundred kilobytes."""
MAX_LINES: Final = 50_000
"""Lines of a Dockerfile; an image has at most 127 layers."""
_NAME: Final = re.compile(
    r"(?:Dockerfile|Containerfile)(?:[.-].+)?\Z|.+\.(?:dockerfile|containerfile)\Z", re.IGNORECASE
)
_SKIPPED: Final = frozenset({".git", ".hg", ".svn", "node_modules", ".venv", "venv", "__pycache__", ".tox"})
_NOT: Final = re.compile(
    r"\.(?:dockerignore|j2|jinja2?|tmpl|tpl|template|erb|md|swp|orig|bak)\Z", re.IGNORECASE
)


@dataclass(frozen=True)
class Input:
    """One file to lint."""

    path: str
    """As it is shown: relative where it was named so."""
    source: Source
    folder: BuildContext | None
    """The folder around it, taken as the build context."""
    problem: str = ""
    """Why it cannot be linted: it cannot be read, is too large, or is no text at all."""


def find(paths: Sequence[Path], exclude: Sequence[str] = ()) -> Iterator[Path]:
    """Files in the order named, those of folders sorted. Raises `UsageError` for a path that does not
    exist."""
    spec = pathspec.PathSpec.from_lines("gitignore", exclude)
    for path in paths:
        if path.is_dir():
            yield from (found for found in _below(path) if not spec.match_file(found.as_posix()))
        elif path.exists():
            yield path
        else:
            raise UsageError(f"{path}: no such file or folder")


def _below(folder: Path) -> Iterator[Path]:
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        for name in sorted(names):
            if _NAME.match(name) and not _NOT.search(name):
                path = Path(here) / name
                if path.is_file():  # a pipe or a device would never end
                    yield path


def read(path: Path, context: Path | None = None) -> Input:
    """One file with its context: by default the folder around it."""
    folder = BuildContext(context or path.parent, os.path.relpath(path, context or path.parent))
    try:
        with path.open("rb") as file:
            return _read(file, path.as_posix(), folder)
    except OSError as error:
        return Input(path.as_posix(), Source(""), folder, f"cannot be read: {error.strerror}")


def read_stream(stream: BinaryIO, name: str) -> Input:
    """Standard input under a name; without a build context."""
    return _read(stream, name, None)


def _read(stream: BinaryIO, name: str, folder: BuildContext | None) -> Input:
    data = stream.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        return Input(name, Source(""), folder, f"larger than {MAX_FILE_BYTES // 1024**2} MiB")
    if b"\0" in data:
        return Input(name, Source(""), folder, "no text: it has NUL bytes")
    if data.count(b"\n") > MAX_LINES:
        return Input(name, Source(""), folder, f"longer than {MAX_LINES} lines")
    return Input(name, Source.of(data), folder)
