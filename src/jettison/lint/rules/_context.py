"""Questions to the build context: what COPY brings in, and whether this is the right folder at all.

A Dockerfile is often built with another folder than its own. Where most of what it copies is not there,
the folder is taken for the wrong one, and nothing is said about it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.build import Build
from jettison.lint.context import BuildContext
from jettison.lint.rule import Context
from jettison.lint.rules._secrets import names_secret, tokens
from jettison.lint.syntax import Onbuild, Transfer, Word

_WILD: Final = re.compile(r"[*?\[]")
_REMOTE: Final = re.compile(r"(?:https?|ftp|git|ssh)://|git@|[\w.-]+\.git(?:#|\Z)")


def local_sources(node: Transfer, build: Build) -> Iterator[tuple[Word, str]]:
    """The sources of COPY and ADD that come from the context, with variables replaced, without a leading
    `/`; those that are not known before the build are left out."""
    if node.flag("from") is not None:
        return
    for word in node.sources:
        text = build.expand(word.text, node)
        if text is None or text.startswith("<<") or _REMOTE.match(text):
            continue
        yield word, posixpath.normpath(text).lstrip("/") if text else "."


def transfers(build: Build) -> Iterator[Transfer]:
    """All COPY and ADD of the file, but not those that ONBUILD delays."""
    for node in build.dockerfile.instructions:
        if isinstance(node, Transfer) and not isinstance(node, Onbuild):
            yield node


def folder_of(context: Context) -> BuildContext | None:
    """The build context, if what the file copies is found there: at least half of the sources that name one
    path, and one of them."""
    if context.folder is None:
        return None
    key = "context-is-plausible"
    if key not in context.scratch:
        context.scratch[key] = _plausible(context.folder, context.build)
    return context.folder if context.scratch[key] else None


_MADE: Final = frozenset(
    {"target", "build", "dist", "out", "bin", "publish", "release", "_build", ".next", "node_modules"}
)


def is_made(path: str) -> bool:
    """Whether a path looks like the product of a build, by its folders or its ending."""
    return bool(_MADE.intersection(path.split("/"))) or path.endswith(
        (".jar", ".war", ".whl", ".deb", ".rpm")
    )


def _plausible(folder: BuildContext, build: Build) -> bool:
    named = {
        path
        for node in transfers(build)
        for _, path in local_sources(node, build)
        if path != "." and not path.startswith("..") and not _WILD.search(path) and not is_made(path)
    }
    there = sum(bool(folder.matches(path)) for path in named)
    return 2 * there >= len(named) if named else folder.has(".dockerignore") or _is_root(folder)


def _is_root(folder: BuildContext) -> bool:
    """Whether a folder looks like the root of a project."""
    marks = (
        ".git",
        "package.json",
        "pyproject.toml",
        "requirements.txt",
        "go.mod",
        "Cargo.toml",
        "pom.xml",
        "Gemfile",
        "composer.json",
    )
    return any(folder.has(name) for name in marks)


def whole(node: Transfer, build: Build) -> Word | None:
    """The source of COPY that is the whole context."""
    return next((word for word, path in local_sources(node, build) if path in (".", "*", "**")), None)


_BY_CONTENT: Final = re.compile(r"(?:\A|/)\.(?:env[\w.-]*|npmrc|yarnrc\.yml)\Z")
_SETTING: Final = re.compile(r"^\s*(?:export\s+)?([\w./:@-]+)\s*[=:]\s*(\S.*)$", re.M)


def holds_secret(path: str, context: Context) -> bool:
    """Whether a file that may hold secrets does; True where that cannot be looked up."""
    if context.folder is None or not _BY_CONTENT.search(path):
        return True
    data = context.folder.head(path)
    if data is None:
        return True
    text = data.decode("utf-8", "replace")
    settings = ((match[1], match[2].strip("\"' ")) for match in _SETTING.finditer(text))
    return any(True for _ in tokens(text)) or any(
        (names_secret(name) or "_auth" in name.lower() or "token" in name.lower())
        and value
        and "$" not in value
        for name, value in settings
    )
