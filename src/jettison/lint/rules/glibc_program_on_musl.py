"""ALP103 glibc-program-on-musl."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.bases import Distro, parse_base
from jettison.lint.build import Build, Stage
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._download import downloads
from jettison.lint.rules._musl import GLIBC
from jettison.lint.rules._requests import installed
from jettison.lint.syntax import Instruction, Transfer

_GNU: Final = re.compile(
    r"linux[-_]gnu|glibc|manylinux|(?:debian|ubuntu|centos|el\d)[\w.-]*\.(?:tar|tgz|zip|gz)", re.I
)
_NATIVE: Final = re.compile(
    r"(?:site-packages|dist-packages|venv|\.venv|node_modules|/usr/local/lib/python[\d.]*|/usr/local/bin/(?:node|python|ruby)"
    r"|/usr/lib(?:64)?|/lib(?:64)?|/opt/(?:venv|java|jdk)\S*|/usr/local/bundle)/?\Z"
)
_BRIDGES: Final = frozenset({"gcompat", "libc6-compat", "glibc", "glibc-bin"})


class GlibcProgramOnMusl(Rule):
    """Flags programs for glibc on Alpine.

    ## What it does
    Looks in Alpine stages for downloads whose name says `linux-gnu`, `glibc` or `manylinux`; for COPY of
    environments and libraries (`site-packages`, a venv, `node_modules`, `/usr/lib`) from a stage or image of
    another family; and for `gcompat` and `libc6-compat`, which are there to run such programs.

    ## Why is this bad?
    Alpine has musl as its C library. A program for glibc does not start ("no such file or directory" means
    its loader), or starts with a bridge and crashes later, in name resolution and threads first.

    ## Example
    ```dockerfile
    FROM python:3.12.7-bookworm AS build
    RUN pip install --no-cache-dir --target /opt/venv numpy==2.1.2

    FROM python:3.12.7-alpine3.20
    COPY --from=build /opt/venv /opt/venv
    ```

    ## Use instead
    ```dockerfile
    FROM python:3.12.7-alpine3.20 AS build
    RUN pip install --no-cache-dir --target /opt/venv numpy==2.1.2

    FROM python:3.12.7-alpine3.20
    COPY --from=build /opt/venv /opt/venv
    ```

    ## When to ignore
    When what is copied holds no compiled code.

    ## Sources
    - musl wiki, "Functional differences from glibc"; Alpine wiki, "Running glibc programs"
    """

    code = "ALP103"
    name = "glibc-program-on-musl"
    severity = Severity.WARNING

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """What comes into an Alpine stage from systems with glibc."""
        if stage.distro is not Distro.ALPINE or not stage.used:
            return
        for node in stage.instructions:
            if isinstance(node, Transfer):
                yield from self._copied(node, stage, context)
        bridged = _BRIDGES & installed(stage, context)
        for command in context.build.runs(stage):
            for item in downloads(command):
                match = _GNU.search(item.url.text)
                if match is not None and not bridged:
                    yield self.at(item.url.span, f"`{match[0]}` says that this needs glibc; Alpine has musl")
            for arg in command.args:
                if command.name == "apk" and arg.text in _BRIDGES:
                    message = f"`{arg.text}` stands in for glibc, in parts; what needs it may crash later"
                    yield self.at(arg.span, message, severity=Severity.INFO)

    def _copied(self, node: Transfer, stage: Stage, context: Context) -> Iterator[Finding]:
        family = _family(node, stage, context.build)
        if family not in GLIBC:
            return
        for source in node.sources:
            if _NATIVE.search(source.text):
                message = f"compiled for glibc ({family}), copied to Alpine, which has musl"
                yield self.at(source.span, message)


def _family(node: Instruction, stage: Stage, build: Build) -> Distro | None:
    """The system that `--from` names: that of a stage, or of an image."""
    flag = node.flag("from")
    name = build.expand(flag.value, node) if flag is not None and flag.value else None
    if name is None:
        return None
    found = build.find_stage(name, before=stage)
    return parse_base(name).distro if found is None else found.distro
