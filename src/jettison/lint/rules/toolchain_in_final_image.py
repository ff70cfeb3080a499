"""CCH112 toolchain-in-final-image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.build import Stage
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._building import compiles
from jettison.lint.rules._users import lineage

_TOOLCHAINS: Final = frozenset(
    {
        *("golang", "rust", "maven", "gradle", "gcc", "haskell", "swift", "sbt", "dart", "clojure", "sdk"),
        *("eclipse-temurin", "openjdk", "amazoncorretto", "microsoft-openjdk"),
    }
)


class ToolchainInFinalImage(Rule):
    """Flags an image that ships the compiler that made its program.

    ## What it does
    Looks at the stage that is built: its base is one for building (golang, rust, maven, gradle, the .NET
    SDK, a JDK), it compiles the program itself, and it starts something.

    ## Why is this bad?
    The container needs the program, not the compiler, its libraries and the sources: hundreds of megabytes
    that are pulled at each start on a new machine, and whose vulnerabilities are reported as yours.

    ## Example
    ```dockerfile
    FROM golang:1.23.2
    COPY . .
    RUN CGO_ENABLED=0 go build -o /app .
    CMD ["/app"]
    ```

    ## Use instead
    ```dockerfile
    FROM golang:1.23.2 AS build
    COPY . .
    RUN CGO_ENABLED=0 go build -o /app .

    FROM gcr.io/distroless/static-debian12:nonroot
    COPY --from=build /app /app
    CMD ["/app"]
    ```

    ## When to ignore
    When the program compiles at run time, or the image is minified afterwards.

    ## Sources
    - Docker documentation, "Multi-stage builds"
    """

    code = "CCH112"
    name = "toolchain-in-final-image"
    severity = Severity.WARNING

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """The stage that is built, on a base for building."""
        base = stage.root.base
        if stage is not context.build.target or base is None or base.short not in _TOOLCHAINS:
            return
        if stage.effective("CMD") is None and stage.effective("ENTRYPOINT") is None:
            return
        for member in lineage(stage):
            for command in context.build.runs(member):
                if compiles(command) and "test" not in command.words[:1]:
                    place = stage.root.node.image
                    message = f"the image ships the toolchain of `{command.name}`, not only what it made"
                    yield self.at(place.span if place else stage.node.span, message)
                    return
