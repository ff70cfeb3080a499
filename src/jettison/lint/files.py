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

MAX_FILE_BYTES: Final = 16 * 1024 * 1024
"""A Dockerfile; real ones have at most a few hundred kilobytes."""
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
    readable: bool = True
    """False for a file that is no text at all."""


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
                yield Path(here) / name


def read(path: Path) -> Input:
    """One file with the folder around it as its context. Raises `UsageError` if it cannot be read or is
    too large."""
    try:
        with path.open("rb") as file:
            source = _read(file, str(path))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    folder = BuildContext(path.parent, path.name)
    return Input(path.as_posix(), source, folder, readable="\0" not in source.text)


def read_stream(stream: BinaryIO, name: str) -> Input:
    """Standard input under a name; without a build context."""
    source = _read(stream, name)
    return Input(name, source, None, readable="\0" not in source.text)


def _read(stream: BinaryIO, name: str) -> Source:
    data = stream.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise UsageError(f"{name}: larger than {MAX_FILE_BYTES} bytes")
    return Source.of(data)
