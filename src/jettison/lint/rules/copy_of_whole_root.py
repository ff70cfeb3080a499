"""STG109 copy-of-whole-root."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.bases import BaseName, parse_base
from jettison.lint.build import Stage
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._layers import destination
from jettison.lint.rules._sources import Origin, origins
from jettison.lint.syntax import Transfer


class CopyOfWholeRoot(Rule):
    """Flags `COPY --from=… / /` onto a system.

    ## What it does
    Looks for COPY that takes the whole file system of a stage or an image and puts it over another one.
    Silent where the stage begins with `scratch`: there it is the way to flatten layers.

    ## Why is this bad?
    The files of two systems are mixed: package databases, users and libraries are those of the one, what
    was there before those of the other. The layer holds all of it once more.

    ## Example
    ```dockerfile
    FROM golang:1.22.4 AS build
    FROM debian:12.5
    COPY --from=build / /
    ```

    ## Use instead
    ```dockerfile
    FROM golang:1.22.4 AS build
    FROM debian:12.5
    COPY --from=build /go/bin/server /usr/local/bin/
    ```

    ## When to ignore
    When the source holds only files that are meant to be laid over (a stage from `scratch`).

    ## Sources
    - hadolint DL3067
    """

    code = "STG109"
    name = "copy-of-whole-root"
    severity = Severity.WARNING
    aliases = ("DL3067",)

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """The root of another system over this one."""
        for origin in origins(stage, context):
            node = origin.node
            if not isinstance(node, Transfer) or _is_scratch(stage.root.base) or _overlays(origin):
                continue
            sources = [word.text for word in node.sources]
            if sources in (["/"], ["/."], ["/*"]) and destination(node, context.build) == "/":
                yield self.at(node.sources[0].span, "this puts one whole system over another")


_OVERLAYS: Final = frozenset({"tonistiigi/xx", "gloursdocker/docker"})
"""Images from `scratch` that hold tools and are made to be laid over others."""


def _overlays(origin: Origin) -> bool:
    """Whether the source is known to hold no system of its own."""
    base = parse_base(origin.name) if origin.found is None else origin.found.root.base
    return _is_scratch(base) or (base is not None and base.repository in _OVERLAYS)


def _is_scratch(base: BaseName | None) -> bool:
    return base is not None and base.name == "scratch"
