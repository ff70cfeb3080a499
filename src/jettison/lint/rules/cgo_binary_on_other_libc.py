"""ALP102 cgo-binary-on-other-libc."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.bases import Distro
from jettison.lint.build import Stage
from jettison.lint.command import Command
from jettison.lint.fix import Applicability, Fix, insert
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._musl import GLIBC, MUSL
from jettison.lint.syntax import Transfer

_WITHOUT: Final = frozenset({Distro.SCRATCH, Distro.ALPINE, Distro.BUSYBOX, Distro.DISTROLESS})


class CgoBinaryOnOtherLibc(Rule):
    """Flags Go programs that are built with cgo on one C library and copied to another, or to none.

    ## What it does
    Looks for `go build` and `go install` without `CGO_ENABLED=0` in a stage whose base has a C compiler
    (golang on Debian), and a COPY from there into Alpine, scratch, busybox or distroless/static. Links made
    static by `-ldflags` are left alone.

    ## Why is this bad?
    With a compiler at hand Go takes the resolver and user database of the C library, and the program is
    linked against it. Where that library is not, it does not start: "no such file or directory", for a file
    that is there.

    ## Example
    ```dockerfile
    FROM golang:1.23.2-bookworm AS build
    COPY . .
    RUN go build -o /app .

    FROM alpine:3.20
    COPY --from=build /app /app
    CMD ["/app"]
    ```

    ## Use instead
    ```dockerfile
    FROM golang:1.23.2-bookworm AS build
    COPY . .
    RUN CGO_ENABLED=0 go build -o /app .

    FROM alpine:3.20
    COPY --from=build /app /app
    CMD ["/app"]
    ```

    ## When to ignore
    When the program imports neither `net` nor `os/user` nor any C.

    ## Fix safety
    Unsafe: a program that needs C does not compile without cgo.

    ## Sources
    - Go documentation, package net, "Name Resolution"; cmd/cgo
    """

    code = "ALP102"
    name = "cgo-binary-on-other-libc"
    severity = Severity.WARNING
    fixable = Applicability.UNSAFE

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """COPY from a builder with cgo into a system with another C library."""
        if not stage.used or stage.distro not in _WITHOUT:
            return
        base = stage.root.base
        if stage.distro is Distro.DISTROLESS and (base is None or "static" not in base.name):
            return
        for node in stage.instructions:
            flag = node.flag("from") if isinstance(node, Transfer) else None
            source = context.build.find_stage(flag.value, before=stage) if flag and flag.value else None
            if source is None or source.distro not in GLIBC:
                continue
            for command in context.build.runs(source):
                if _is_dynamic(command, source, context):
                    where = "musl" if stage.distro in MUSL else "no C library"
                    message = f"this program is linked against glibc, and is copied to an image with {where}"
                    fix = Fix(
                        "turn cgo off",
                        (insert(command.name_span.start, "CGO_ENABLED=0 "),),
                        Applicability.UNSAFE,
                    )
                    yield self.at(command.name_span, message, fix=fix if _can(command) else None)


def _can(command: Command) -> bool:
    return command.editable and command.span.start == command.name_span.start and not command.wrappers


def _is_dynamic(command: Command, stage: Stage, context: Context) -> bool:
    if command.name != "go" or command.words[:1] not in (["build"], ["install"]):
        return False
    state = context.build.state(command.instruction)
    if any(name in ("CGO_ENABLED", "GOOS") for name, _ in command.assignments) or "CGO_ENABLED" in state.env:
        return False
    if "CGO_ENABLED" in command.instruction.line.text or "-static" in " ".join(command.words):
        return False
    return stage.root.base is not None and stage.root.base.short in ("golang", "go", "go-toolset")
