"""CCH103 source-before-dependencies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.build import Stage
from jettison.lint.fix import Applicability, Fix, Scope, delete, insert
from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._context import folder_of, whole
from jettison.lint.rules._layers import destination, whole_line
from jettison.lint.rules._requests import requests
from jettison.lint.rules._script import next_instruction
from jettison.lint.syntax import Transfer

_MANIFESTS: Final = {
    "npm": ("package.json", "package-lock.json"),
    "yarn": ("package.json", "yarn.lock"),
    "pnpm": ("package.json", "pnpm-lock.yaml"),
    "bun": ("package.json", "bun.lockb"),
    "bundler": ("Gemfile", "Gemfile.lock"),
    "go": ("go.mod", "go.sum"),
    "composer": ("composer.json", "composer.lock"),
    "poetry": ("pyproject.toml", "poetry.lock"),
    "uv": ("pyproject.toml", "uv.lock"),
    "pipenv": ("Pipfile", "Pipfile.lock"),
    "pdm": ("pyproject.toml", "pdm.lock"),
    "cargo": ("Cargo.toml", "Cargo.lock"),
}
"""What each manager reads: the list of what is wanted, and its lock file."""
_NEEDS: Final = {
    "poetry": "--no-root",
    "uv": "--no-install-project",
    "composer": "--no-scripts",
    "cargo": "--no-source",
}
"""Options without which these also read the sources of the project (cargo always does)."""
_HOOKS: Final = re.compile(rb'"(?:pre|post)?install"\s*:|"prepare"\s*:|"workspaces"\s*:|"file:|"link:')
_LINKS: Final = re.compile(rb"^\s*(?:-r|-c|-e|--requirement|--constraint|--editable|\.|/|file:)", re.M)


class SourceBeforeDependencies(Rule):
    """Flags COPY of the whole project before its dependencies are installed.

    ## What it does
    Looks for `COPY . …` (or ADD) followed in the same stage by a command that installs what a manifest
    lists: `npm ci`, `pip install -r`, `go mod download`, `bundle install`, `composer install`,
    `poetry install`, `dotnet restore` and their like, if nothing was installed from the manifest before.

    ## Why is this bad?
    Any change of any file, a comment in the README too, makes the cache of COPY and of all that follows
    invalid, and everything is downloaded and installed again. With the manifest copied first, that happens
    only when the dependencies change.

    ## Example
    ```dockerfile
    FROM node:22.11.0-bookworm-slim
    WORKDIR /srv
    COPY . .
    RUN npm ci
    ```

    ## Use instead
    ```dockerfile
    FROM node:22.11.0-bookworm-slim
    WORKDIR /srv
    COPY package.json package-lock.json* ./
    RUN npm ci
    COPY . .
    ```

    ## When to ignore
    When the dependencies lie inside the project (workspaces, local packages).

    ## Fix safety
    Unsafe: scripts that run during the installation may need the sources. Where the context is known, no
    fix is offered for manifests that have such scripts or point to local files.

    ## Sources
    - Docker documentation, "Optimize cache usage in builds"
    """

    code = "CCH103"
    name = "source-before-dependencies"
    severity = Severity.WARNING
    fixable = Applicability.UNSAFE

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """The first COPY of everything, and what is installed behind it."""
        if not stage.used:
            return
        copy: Transfer | None = None
        synced: set[str] = set()
        for node in stage.instructions:
            if isinstance(node, Transfer) and copy is None and whole(node, context.build) is not None:
                copy = node
            if node.keyword != "RUN":
                continue
            for request in requests(node, context):
                if request.verb is not Verb.SYNC or request.manager.name in synced:
                    continue
                synced.add(request.manager.name)
                if copy is not None:
                    yield self._finding(copy, request, context)

    def _finding(self, copy: Transfer, request: Action, context: Context) -> Finding:
        line = context.source.position(request.command.span.start).line
        done = " ".join([request.command.name, request.word.text]).strip()
        message = f"every change of any file repeats `{done}` in line {line}"
        place = whole(copy, context.build)
        return self.at(place.span if place else copy.span, message, fix=_fix(copy, request, context))


def _fix(copy: Transfer, request: Action, context: Context) -> Fix | None:
    node = request.command.instruction
    build = context.build
    if next_instruction(copy, build) is not node or node.index < 0 or node.heredocs:
        return None
    if len([item for item in build.commands(node) if item.span == request.command.span]) != len(
        build.commands(node)
    ):
        return None
    target, workdir = destination(copy, build), build.state(copy).workdir
    here = copy.destination is not None and copy.destination.text in (".", "./")
    if not here and (target is None or workdir is None or target.rstrip("/") != workdir.rstrip("/")):
        return None
    files = _files(request, context)
    if files is None:
        return None
    newline = context.source.newline
    owner = copy.flag("chown")
    flags = f" {owner.text}" if owner is not None else ""
    text = f"COPY{flags} {' '.join(files)} ./{newline}{context.source.slice(node.span)}{newline}"
    edits = (insert(copy.span.start, text), delete(whole_line(node, context)))
    return Fix("copy the manifest first", edits, Applicability.UNSAFE, Scope.CONFIG)


def _files(request: Action, context: Context) -> list[str] | None:
    """The files that the command reads; None if it may read more."""
    name = request.manager.name
    if name in _NEEDS and not request.command.has(_NEEDS[name]):
        return None
    if name == "pip":
        listed = request.command.option_value("-r", "--requirement")
        names = [listed.value] if listed is not None and listed.value else []
        if not names or names[0].startswith(("/", "..")) or "/" in names[0].removeprefix("./"):
            return None
    else:
        manifest = _MANIFESTS.get(name)
        if manifest is None:
            return None
        names = [manifest[0], f"{manifest[1]}*"]
    return [item for item in names if item] if _is_alone(names[0] or "", context) else None


def _is_alone(manifest: str, context: Context) -> bool:
    """Whether a manifest, if it can be read, points to no other file of the project."""
    folder = folder_of(context)
    data = folder.head(manifest) if folder is not None else b""
    if data is None:
        return False
    return not (_HOOKS if manifest == "package.json" else _LINKS).search(data)
