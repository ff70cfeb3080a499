"""CCH105 missing-cache-mount."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.build import Stage
from jettison.lint.command import Command
from jettison.lint.fix import Applicability, Fix, Scope, insert
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._building import compiles
from jettison.lint.rules._context import local_sources
from jettison.lint.rules._users import is_root, user_at
from jettison.lint.syntax import Instruction, Transfer

_TARGETS: Final = {
    "go": ("/root/.cache/go-build", "/go/pkg/mod"),
    "cargo": ("/usr/local/cargo/registry",),
    "mvn": ("/root/.m2",),
    "mvnw": ("/root/.m2",),
    "gradle": ("/root/.gradle",),
    "gradlew": ("/root/.gradle",),
    "dotnet": ("/root/.nuget/packages",),
    "sbt": ("/root/.cache/coursier",),
}
"""Where each tool keeps what it can use again, for root and the official images."""
_IMAGES: Final = {
    "go": ("golang",),
    "cargo": ("rust",),
    "mvn": ("maven", "eclipse-temurin"),
    "mvnw": ("maven", "eclipse-temurin"),
    "gradlew": ("eclipse-temurin", "amazoncorretto"),
    "dotnet": ("sdk",),
}
"""Images that are known to keep it there."""


class MissingCacheMount(Rule):
    r"""Flags a compilation that starts from nothing at every change of the sources.

    ## What it does
    Looks for `go build`, `cargo build`, `mvn package`, `gradle build`, `dotnet publish` and their like
    behind a COPY of sources, in a RUN without `--mount=type=cache`.

    ## Why is this bad?
    Every change of a source file runs the instruction again, and all that the compiler and the package
    manager had stored is gone. With a cache mount only what changed is compiled and downloaded. The cache is
    no part of the image.

    ## Example
    ```dockerfile
    FROM golang:1.23.2-bookworm
    COPY . .
    RUN go build -o /app .
    ```

    ## Use instead
    ```dockerfile
    FROM golang:1.23.2-bookworm
    COPY . .
    RUN --mount=type=cache,target=/root/.cache/go-build --mount=type=cache,target=/go/pkg/mod \
        go build -o /app .
    ```

    ## When to ignore
    For builders without BuildKit, and for builds that never find a cache (a fresh machine each time).

    ## Fix safety
    Unsafe: needs BuildKit; what the command writes into these folders is not in the image. Offered where
    root builds with an official image.

    ## Sources
    - Docker documentation, "Optimize cache usage in builds"; Dockerfile reference, `RUN --mount=type=cache`
    """

    code = "CCH105"
    name = "missing-cache-mount"
    severity = Severity.INFO
    fixable = Applicability.UNSAFE

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """Compilations behind the first COPY from the context."""
        if not stage.used:
            return
        has_source = False
        for node in stage.instructions:
            if isinstance(node, Transfer):
                has_source = has_source or any(True for _ in local_sources(node, context.build))
            if node.keyword != "RUN" or not has_source or _has_cache(node):
                continue
            command = next((item for item in context.build.commands(node) if _caches(item)), None)
            if command is not None:
                message = f"`{command.name}` starts from nothing at every change of the sources"
                yield self.at(command.name_span, message, fix=_fix(command, stage, context))


def _has_cache(node: Instruction) -> bool:
    return any(flag.name == "mount" and "type=cache" in (flag.value or "") for flag in node.flags)


def _caches(command: Command) -> bool:
    return command.name in _TARGETS and compiles(command)


def _fix(command: Command, stage: Stage, context: Context) -> Fix | None:
    node, base = command.instruction, stage.root.base
    if base is None or base.short not in _IMAGES.get(command.name, ()) or node.index < 0:
        return None
    if not is_root(user_at(node, context.build)):
        return None
    flags = "".join(f" --mount=type=cache,target={target}" for target in _TARGETS[command.name])
    edit = insert(node.keyword_span.end, flags)
    return Fix("add cache mounts", (edit,), Applicability.UNSAFE, Scope.CONFIG)
