"""ALP109 alpine-for-interpreter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.bases import Distro
from jettison.lint.build import Stage
from jettison.lint.rule import Context, Finding, Rule, Severity

_REASONS: Final = {
    "python": "its memory allocator and compiled wheels are made for glibc",
    "node": "the project builds no binaries for musl; those in the image are experimental",
    "openjdk": "the port to musl is tested less than others",
    "eclipse-temurin": "the port to musl is tested less than others",
    "amazoncorretto": "the port to musl is tested less than others",
    "ruby": "gems with compiled parts are made for glibc",
    "pypy": "there are no binaries for musl",
    "elixir": "its virtual machine is tested on glibc",
    "php": "its locales and iconv are those of musl",
}


class AlpineForInterpreter(Rule):
    """Flags Alpine as the base of Python, Node.js, Java, Ruby and PHP.

    ## What it does
    Looks at the base of the stage that is built for an Alpine variant of an interpreter.

    ## Why is this bad?
    musl allocates memory more slowly, gives threads a stack of 128 kB, knows few locales, and resolves names
    in its own way. Interpreters show it as lower speed and, rarely, as crashes that nobody else has. Scanners
    know fewer vulnerabilities of its packages. The `slim` variant of the same image costs some megabytes.

    ## Example
    ```dockerfile
    FROM python:3.12.7-alpine3.20
    CMD ["python", "-m", "app"]
    ```

    ## Use instead
    ```dockerfile
    FROM python:3.12.7-slim-bookworm
    CMD ["python", "-m", "app"]
    ```

    ## When to ignore
    When it was measured.

    ## Sources
    - musl wiki, "Functional differences from glibc"; Node.js, `BUILDING.md`, platform list
    """

    code = "ALP109"
    name = "alpine-for-interpreter"
    severity = Severity.INFO
    optional = True

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """The base of the stage that is built."""
        base = stage.root.base
        if stage is not context.build.target or base is None or stage.distro is not Distro.ALPINE:
            return
        image = stage.root.node.image
        reason = _REASONS.get(base.short)
        if reason is not None and image is not None:
            yield self.at(image.span, f"`{base.short}` on Alpine: {reason}")
