"""ShellCheck over the scripts of many files at once, its findings at their places in the Dockerfiles.

ShellCheck is one process for a batch of scripts, since starting it takes longer than checking one. What it
said about a script is kept in the cache under the digest of program and script. It reads no configuration
and no other file: what a Dockerfile says is all it knows. Version 0.10 or newer knows the shell of Alpine.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jettison.errors import HostError
from jettison.lint.fix import Applicability, Edit, Fix
from jettison.lint.kept import Kept
from jettison.lint.rule import Context, Finding, Severity
from jettison.lint.script import Script
from jettison.lint.shell import Dialect
from jettison.lint.source import Span

MAX_SCRIPT_CHARS: Final = 128 * 1024
"""A script that is checked; the builder itself refuses lines over 64 KiB."""
MAX_OUTPUT_BYTES: Final = 64 * 1024 * 1024
"""What ShellCheck may say about one batch."""
BATCH: Final = 250
"""Scripts of one process; there are as many processes at a time as processors."""
TIMEOUT_S: Final = 20.0
"""Time of one process, and for each script `TIMEOUT_PER_SCRIPT_S` more; scripts take about 10 ms."""
TIMEOUT_PER_SCRIPT_S: Final = 0.2
MAX_CACHED: Final = 50_000
"""Scripts in the cache."""
GAVE_UP: Final = "SC0000"
"""The code of our own finding that a script could not be checked."""
_FORMAT: Final = "1"
_EXCLUDED: Final = "SC1090,SC1091,SC2187"
"""Files that `.` and `source` name are not there; ash is known to be ash."""
_SHEBANGS: Final = {
    Dialect.SH: "/bin/sh",
    Dialect.DASH: "/bin/dash",
    Dialect.ASH: "/bin/busybox sh",
    Dialect.BASH: "/bin/bash",
    Dialect.KSH: "/bin/ksh",
}
_NAME: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_DIRECTIVE: Final = re.compile(r"(?:#[^\n]*\n)*")
_LEVELS: Final = {
    "error": Severity.ERROR,
    "warning": Severity.WARNING,
    "info": Severity.INFO,
    "style": Severity.STYLE,
}
Comments = list[dict[str, Any]]


def find_program(*, required: bool = False) -> Path | None:
    """ShellCheck beside this Python (where the extra `lint` puts it) or on PATH. Raises `HostError` if it is
    required and not there."""
    beside = Path(sys.executable).with_name("shellcheck")
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("shellcheck")
    if found is None and required:
        raise HostError("ShellCheck is not installed", hint="pip install 'jettison[lint]'")
    return None if found is None else Path(found)


@dataclass(frozen=True, slots=True)
class _Job:
    """A script as ShellCheck gets it: `head` lines in front of the script's own text."""

    script: Script
    text: str
    head: int
    key: str


class ShellCheck:
    """ShellCheck with its cache."""

    def __init__(self, program: Path) -> None:
        status = program.stat()
        self._program = program
        self.identity = f"{_FORMAT}\0{program}\0{status.st_size}\0{status.st_mtime_ns}"
        """What stands for the program: another one may say something else."""
        self._kept = Kept("shellcheck", max_bytes=MAX_OUTPUT_BYTES, max_entries=MAX_CACHED)
        self._known: dict[str, Comments | None] = {}

    def findings(self, contexts: Sequence[Context]) -> list[list[Finding]]:
        """The findings of each file, in the order of the files."""
        jobs = [[self._job(script) for script in scripts(context)] for context in contexts]
        self._check(job for group in jobs for job in group)
        return [[finding for job in group for finding in self._findings(job)] for group in jobs]

    def _job(self, script: Script) -> _Job:
        header, body = _header(script), script.text.text
        if body.startswith("#!"):
            body = f"# {body[2:]}"
        text = f"{header}{body}\n"
        digest = hashlib.sha256(f"{self.identity}\0{text}".encode("utf-8", "surrogateescape"))
        return _Job(script, text, header.count("\n"), digest.hexdigest())

    # --- running --

    def _check(self, jobs: Iterable[_Job]) -> None:
        """Make all comments known: from the cache, and from one process for each batch of the others."""
        waiting: dict[str, _Job] = {}
        for job in jobs:
            if job.key not in self._known and job.key not in waiting:
                cached = self._load(job.key)
                if cached is not None:
                    self._known[job.key] = cached
                elif len(job.text) > MAX_SCRIPT_CHARS:
                    self._known[job.key] = None
                else:
                    waiting[job.key] = job
        todo = list(waiting.values())
        if not todo:
            return
        workers = os.cpu_count() or 1
        size = min(BATCH, -(-len(todo) // workers))
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(self._batch, (todo[at : at + size] for at in range(0, len(todo), size))))
        self._kept.prune()

    def _batch(self, jobs: list[_Job]) -> None:
        """One process. If it does not come to an end with these scripts, each half gets its own."""
        said = self._run(jobs)
        if said is not None:
            for job, comments in zip(jobs, said, strict=True):
                self._known[job.key] = comments
                self._kept.store(job.key, json.dumps(comments).encode())
        elif len(jobs) == 1:
            self._known[jobs[0].key] = None
        else:
            middle = len(jobs) // 2
            self._batch(jobs[:middle])
            self._batch(jobs[middle:])

    def _run(self, jobs: list[_Job]) -> list[Comments] | None:
        with tempfile.TemporaryDirectory(prefix="jettison-shellcheck-") as folder:
            for number, job in enumerate(jobs):
                Path(folder, str(number)).write_bytes(job.text.encode("utf-8", "replace"))
            out = Path(folder, "out")
            names = [str(number) for number in range(len(jobs))]
            command = [str(self._program), "--norc", "--format=json1", f"--exclude={_EXCLUDED}", *names]
            try:
                with out.open("wb") as file:
                    done = subprocess.run(
                        command,
                        cwd=folder,
                        stdin=subprocess.DEVNULL,
                        stdout=file,
                        stderr=subprocess.DEVNULL,
                        env=_environment(),
                        timeout=TIMEOUT_S + TIMEOUT_PER_SCRIPT_S * len(jobs),
                        check=False,
                    )
            except subprocess.TimeoutExpired:
                return None
            except OSError as error:
                raise HostError(f"{self._program} cannot be run: {error.strerror}") from None
            if done.returncode not in (0, 1) or out.stat().st_size > MAX_OUTPUT_BYTES:
                return None
            return _by_file(out.read_bytes(), len(jobs))

    def _load(self, key: str) -> Comments | None:
        data = self._kept.load(key)
        try:
            loaded = None if data is None else json.loads(data)
        except ValueError:
            return None
        return loaded if isinstance(loaded, list) else None

    # --- places --

    def _findings(self, job: _Job) -> Iterable[Finding]:
        comments = self._known[job.key]
        if comments is None:
            first = job.script.text.span(0, 1)
            message = "ShellCheck cannot check this script: it is too long, or takes too much time"
            yield Finding(GAVE_UP, "shellcheck-gave-up", Severity.INFO, first, message)
            return
        lines = _Lines(job)
        for comment in comments:
            span = lines.span(comment)
            if span is not None and not _unknowable(comment, job.script):
                code = f"SC{comment['code']}"
                url = f"https://www.shellcheck.net/wiki/{code}"
                severity = _LEVELS.get(comment["level"], Severity.WARNING)
                fix = lines.fix(comment)
                yield Finding(code, "shellcheck", severity, span, _message(comment), fix, url)


def scripts(context: Context) -> list[Script]:
    """The scripts of a file that ShellCheck has a dialect for."""
    build = context.build
    found = (script for node in build.nodes() for script in build.scripts(node))
    return [script for script in found if script.shell.dialect in _SHEBANGS]


def _header(script: Script) -> str:
    """What stands before the script: its shell, directives for the whole of it, and its variables.

    A variable whose value is not known gets one that may hold anything.
    """
    option = " -e" if script.shell.sets("errexit") else ""
    lines = [f"#!{_SHEBANGS[script.shell.dialect]}{option}"]
    leading = _DIRECTIVE.match(script.text.text)
    if leading is not None:
        lines += (line for line in leading[0].splitlines() if "shellcheck" in line)
    used = set(_NAME.findall(script.text.text))
    lines += _exports(script.env, used)
    return "".join(f"{line}\n" for line in lines)


def _exports(env: Mapping[str, str | None], used: set[str]) -> Iterable[str]:
    for name, value in sorted(env.items()):
        if name in used and _NAME.fullmatch(name):
            yield f'export {name}="$1"' if value is None else f"export {name}={shlex.quote(value)}"


def _environment() -> dict[str, str]:
    """The environment without what changes ShellCheck's answer, and with an encoding for its files."""
    env = {name: value for name, value in os.environ.items() if name != "SHELLCHECK_OPTS"}
    return env | {"LC_ALL": "C.UTF-8"}


def _by_file(output: bytes, count: int) -> list[Comments] | None:
    found: list[Comments] = [[] for _ in range(count)]
    try:
        for comment in json.loads(output)["comments"]:
            found[int(comment.pop("file"))].append(comment)
    except (ValueError, KeyError, TypeError, IndexError):
        return None
    return found


def _unknowable(comment: Mapping[str, Any], script: Script) -> bool:
    """Whether it is about a variable that only the container will have."""
    return comment["code"] == 2154 and script.instruction.keyword != "RUN"


def _message(comment: Mapping[str, Any]) -> str:
    return str(comment["message"]).rstrip(".")


class _Lines:
    """The way from ShellCheck's lines and columns to offsets of the source."""

    def __init__(self, job: _Job) -> None:
        self._text = job.script.text
        self._exact = job.script.exact
        self._head = job.head
        self._starts = [0]
        for match in re.finditer("\n", self._text.text):
            self._starts.append(match.end())

    def span(self, comment: Mapping[str, Any]) -> Span | None:
        """The place of a comment; None if it is about the lines in front of the script."""
        start = self._index(comment["line"], comment["column"])
        if start is None:
            return None
        end = self._index(comment["endLine"], comment["endColumn"])
        return self._text.span(start, start if end is None else end)

    def _index(self, line: int, column: int) -> int | None:
        number = line - self._head - 1
        if number < 0:
            return None
        if number >= len(self._starts):
            return len(self._text)
        return min(self._starts[number] + column - 1, len(self._text))

    def fix(self, comment: Mapping[str, Any]) -> Fix | None:
        """ShellCheck's own fix, where script and source say the same."""
        replacements = (comment.get("fix") or {}).get("replacements") or []
        if not self._exact or not replacements:
            return None
        edits = [self._edit(item) for item in sorted(replacements, key=lambda item: -item["precedence"])]
        done = tuple(edit for edit in edits if edit is not None)
        if len(done) != len(edits):
            return None
        return Fix("do as ShellCheck proposes", done, Applicability.UNSAFE)

    def _edit(self, item: Mapping[str, Any]) -> Edit | None:
        span = self.span(item)
        start = self._index(item["line"], item["column"])
        if span is None or start is None:
            return None
        if span.start == span.end and start > 0 and not self._text.text[start - 1].isspace():
            behind = self._text.at(start - 1) + 1  # what is inserted stays on the line of what it follows
            span = Span(behind, behind)
        return Edit(span, item["replacement"])
