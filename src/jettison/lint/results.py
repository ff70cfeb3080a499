"""Results of earlier runs: a file that says what it said then, and whose surroundings answer as they did, has
the same findings.

The key of a result is the digest of all that decides about findings and is known beforehand: the text, the
settings, ShellCheck, and the code of this linter. What rules looked up in the build context is kept with the
result, question by question, and asked again before it counts. Nothing else outside the file is looked at
but by `--pin`, which does without results.

All results of one working directory are one file, since making a file takes as long as linting one. Of two
runs at a time the later one's results stay.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

import jettison
from jettison.lint.config import Settings
from jettison.lint.engine import Report
from jettison.lint.kept import Kept
from jettison.lint.rule import Context, Finding
from jettison.lint.shellcheck import GAVE_UP

MAX_BYTES: Final = 16 * 1024 * 1024
"""The results of one working directory; a Dockerfile's take about 4 kB, and the least recent go."""
MAX_FOLDERS: Final = 200
"""Working directories whose results are kept."""
MAX_MODULE: Final = 1024 * 1024
"""A module of our own."""
_LIBRARIES: Final = ("tree_sitter", "tree_sitter_bash", "packaging", "pathspec")
"""What rules ask beside our own code: a new version may answer differently."""


@dataclass(frozen=True, slots=True)
class _Entry:
    asked: list[tuple[str, str, str]]
    findings: list[Finding]
    suppressed: list[Finding]


_Decoder: Final = msgspec.msgpack.Decoder(_Entry)
_Packs: Final = msgspec.msgpack.Decoder(dict[str, msgspec.Raw])
_Encoder: Final = msgspec.msgpack.Encoder()


class Results:
    """Reports by what they depend on. `save` writes down those that are new."""

    def __init__(self) -> None:
        self._kept = Kept("lint", max_bytes=MAX_BYTES, max_entries=MAX_FOLDERS)
        self._name = hashlib.sha256(os.fsencode(os.getcwd())).hexdigest()
        self._old = self._load()
        self._used: dict[str, msgspec.Raw] = {}
        self._has_news = False
        self._code = _code()
        self._settings: dict[int, tuple[Settings, str]] = {}

    def _load(self) -> dict[str, msgspec.Raw]:
        data = self._kept.load(self._name)
        try:
            return {} if data is None else _Packs.decode(data)
        except (msgspec.DecodeError, ValueError):
            return {}

    def key(self, context: Context, checker: str) -> str | None:
        """What a report on a file would be kept under; `checker` stands for the ShellCheck that looks at it.
        None if its findings depend on more than can be compared."""
        if context.settings.pins is not None or self._code is None:
            return None
        ignored = sorted(context.settings.ignored_in(context.path))
        parts = (self._code, checker, self._of(context.settings), repr(ignored), repr(context.folder is None))
        digest = hashlib.sha256("\0".join((*parts, "")).encode("utf-8", "surrogateescape"))
        digest.update(context.source.encode())
        return digest.hexdigest()

    def recall(self, key: str, context: Context) -> Report | None:
        """The report of an earlier run, if all is as it was then."""
        data = self._old.get(key)
        try:
            entry = None if data is None else _Decoder.decode(data)
        except (msgspec.DecodeError, ValueError):
            return None
        if data is None or entry is None or not _agrees(context, entry):
            return None
        self._used[key] = data
        return Report(context.path, context, entry.findings, entry.suppressed)

    def keep(self, key: str, report: Report) -> None:
        """Keep a report, unless ShellCheck gave up: it may have more time on another day."""
        if any(finding.code == GAVE_UP for finding in (*report.findings, *report.suppressed)):
            return
        asked = [] if report.context.folder is None else report.context.folder.asked()
        try:
            data = _Encoder.encode(_Entry(asked, report.findings, report.suppressed))
        except UnicodeEncodeError:  # a name that is not UTF-8
            return
        self._used[key] = msgspec.Raw(data)
        self._has_news = True

    def save(self) -> None:
        """Write what is new, with as many of the other results as there is room for."""
        if not self._has_news:
            return
        chosen: dict[str, msgspec.Raw] = {}
        room = MAX_BYTES
        unused = {key: data for key, data in self._old.items() if key not in self._used}
        for key, data in reversed((unused | self._used).items()):
            room -= len(key) + len(memoryview(data)) + 16  # what msgpack puts around them
            if room < 0:
                break
            chosen[key] = data
        self._kept.store(self._name, _Encoder.encode(dict(reversed(chosen.items()))))
        self._kept.prune()

    def _of(self, settings: Settings) -> str:
        """The digest of settings, each computed once: they are the same object for many files."""
        known = self._settings.get(id(settings))
        if known is None:
            text = "\0".join(
                f"{item.name}={_plain(getattr(settings, item.name))}" for item in fields(settings)
            )
            known = settings, hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
            self._settings[id(settings)] = known
        return known[1]


def _agrees(context: Context, entry: _Entry) -> bool:
    """Whether the build context answers as it did."""
    return not entry.asked or (context.folder is not None and context.folder.agrees(entry.asked))


def _plain(value: object) -> str:
    """A value as text, sets and tables in an order of their own."""
    if isinstance(value, frozenset):
        return repr(sorted(value))
    if isinstance(value, Mapping):
        return repr(sorted(value.items()))
    if isinstance(value, tuple):
        return f"({','.join(map(_plain, value))})"
    return repr(value)


@cache
def _code() -> str | None:
    """The digest of this linter's code and of what it runs on; None if that cannot be read."""
    try:
        return code_digest(
            Path(__file__).parent, jettison.__version__, sys.version, *map(_installed, _LIBRARIES)
        )
    except OSError:
        return None


def code_digest(folder: Path, *versions: str) -> str:
    """The digest of all modules below a folder, their names and texts, and of versions. Raises `OSError`."""
    digest = hashlib.sha256("\0".join(versions).encode())
    for parent, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            if name.endswith(".py"):
                path = f"{parent}/{name}"
                with open(path, "rb") as file:
                    digest.update(f"\0{path[len(str(folder)) :]}\0".encode() + file.read(MAX_MODULE))
    return digest.hexdigest()


def _installed(name: str) -> str:
    """What stands for the installed version of a library: its files. Asking for the version itself takes a
    hundred times longer."""
    spec = find_spec(name)
    folders = [] if spec is None else list(spec.submodule_search_locations or ())
    files = [entry for folder in folders for entry in os.scandir(folder) if entry.is_file()]
    return repr(sorted((file.path, file.stat().st_size, file.stat().st_mtime_ns) for file in files))
