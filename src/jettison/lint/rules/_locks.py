"""Lock files of language package managers, and whether an instruction sees one."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from jettison.lint.fix import Applicability, Fix, insert
from jettison.lint.packages import Action
from jettison.lint.rule import Context
from jettison.lint.rules._building import before
from jettison.lint.rules._context import folder_of, local_sources
from jettison.lint.rules._mounts import mounts
from jettison.lint.rules._packages import is_on
from jettison.lint.syntax import Instruction, Transfer, Word


@dataclass(frozen=True, slots=True)
class Project:
    """The file that says what is wanted, and the names of the file that says which versions were chosen."""

    manifest: str
    locks: tuple[str, ...]


PROJECTS: Final = {
    "npm": Project("package.json", ("package-lock.json", "npm-shrinkwrap.json")),
    "yarn": Project("package.json", ("yarn.lock",)),
    "pnpm": Project("package.json", ("pnpm-lock.yaml",)),
    "bun": Project("package.json", ("bun.lock", "bun.lockb")),
    "bundler": Project("Gemfile", ("Gemfile.lock",)),
    "composer": Project("composer.json", ("composer.lock",)),
    "poetry": Project("pyproject.toml", ("poetry.lock",)),
    "uv": Project("pyproject.toml", ("uv.lock",)),
    "pdm": Project("pyproject.toml", ("pdm.lock",)),
    "pipenv": Project("Pipfile", ("Pipfile.lock",)),
    "cargo": Project("Cargo.toml", ("Cargo.lock",)),
}
"""By manager."""


class Lock(Enum):
    """What is known of a lock file in front of an instruction."""

    THERE = auto()
    """It is copied by its name, or by a pattern that is there for it."""
    MISSING = auto()
    """The manifest is copied by its name, and nothing brings the lock file."""
    UNKNOWN = auto()


def lock_of(request: Action, context: Context) -> Lock:
    """Whether the command of a request sees a lock file."""
    project = PROJECTS.get(request.manager.name)
    if project is None:
        return Lock.UNKNOWN
    states = [_brought(path, project, context) for _, path in _sources(request.command.instruction, context)]
    if Lock.THERE in states:
        return Lock.THERE
    copy = manifest_copy(request, context)
    opaque = Lock.UNKNOWN in states or _writes(request, project, context)
    return Lock.MISSING if copy is not None and not opaque else Lock.UNKNOWN


def manifest_copy(request: Action, context: Context) -> tuple[Transfer, Word] | None:
    """The last COPY that brings the manifest by its name, and the word that names it."""
    project = PROJECTS[request.manager.name]
    found = None
    for node, word, path in _copies(request.command.instruction, context):
        if posixpath.basename(path) == project.manifest:
            found = node, word
    return found


def _sources(node: Instruction, context: Context) -> Iterator[tuple[Instruction, str]]:
    """What COPY and bind mounts bring in front of an instruction; `?` for what is not known."""
    for item in before(node, context.build):
        if isinstance(item, Transfer):
            known = list(local_sources(item, context.build))
            yield from ((item, path) for _, path in known)
            if len(known) < len(item.sources):
                yield item, "?"
        elif item.keyword == "ONBUILD":
            yield item, "?"
    for _, flag in mounts(node, "bind"):
        options = dict(part.partition("=")[::2] for part in (flag.value or "").split(","))
        yield node, options.get("source") or options.get("src") or "?"


def _copies(node: Instruction, context: Context) -> Iterator[tuple[Transfer, Word, str]]:
    for item in before(node, context.build):
        if isinstance(item, Transfer):
            yield from ((item, word, path) for word, path in local_sources(item, context.build))


def _brought(path: str, project: Project, context: Context) -> Lock:
    """Whether a source brings the lock file: surely, surely not, or not known."""
    name = posixpath.basename(path)
    folder = folder_of(context)
    is_optional = path in (".", "*") or name in {f"{lock}*" for lock in project.locks}
    if not is_optional and name != "?" and any(fnmatch.fnmatchcase(lock, name) for lock in project.locks):
        return Lock.THERE
    if is_optional and folder is not None:
        there = any(folder.matches(lock) and not folder.ignored(lock) for lock in project.locks)
        return Lock.THERE if there else Lock.MISSING
    is_file = re.search(r"[^/]\.\w+\Z|file\Z", name) is not None and not re.search(r"[*?\[]", name)
    return Lock.MISSING if is_file else Lock.UNKNOWN


def _writes(request: Action, project: Project, context: Context) -> bool:
    """Whether an instruction in front of a request may make a lock file: it speaks of one, or fetches a
    whole project."""
    names = re.compile(
        "|".join([*map(re.escape, project.locks), r"\bgit\s+clone\b", r"\btar\b", r"\bunzip\b"])
    )
    items = (*before(request.command.instruction, context.build), request.command.instruction)
    return any(names.search(item.line.text) for item in items if item.keyword == "RUN")


def is_set(request: Action, options: tuple[str, ...], variables: tuple[str, ...], context: Context) -> bool:
    """Whether one of some options is given, or one of some variables set."""
    command = request.command
    return command.has(*options) or any(is_on(name, command, context) for name in variables)


def with_option(request: Action, option: str, title: str) -> Fix | None:
    """Put an option behind the subcommand, or a variable (`NAME=value`) before the command."""
    command = request.command
    if not command.editable:
        return None
    if option.startswith("-"):
        edit = insert(request.word.span.end, f" {option}")
    elif command.wrappers:
        return None
    else:
        edit = insert(command.name_span.start, f"{option} ")
    return Fix(title, (edit,), Applicability.UNSAFE)
