"""CCH113 build-tools-kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._requests import requests

_TOOLS: Final = re.compile(
    r"(?:build-essential|build-base|gcc(?:-\d+)?|g\+\+(?:-\d+)?|gcc-c\+\+|clang(?:-\d+)?|make|cmake|autoconf|automake"
    r"|musl-dev|libc6-dev|linux-headers|python3?-dev(?:el)?|openjdk-\d+-jdk(?:-headless)?|maven|cargo|rustc|golang(?:-go)?)\Z"
)


class BuildToolsKept(Rule):
    r"""Flags compilers and headers that stay in the image.

    ## What it does
    Looks in stages that ship for a RUN that installs `build-essential`, `gcc`, `make`, `python3-dev` and
    their like with apt, apk, dnf or yum, and does not remove them itself.

    ## Why is this bad?
    They are needed for one step of the build, make the image some hundred megabytes larger, and give whoever
    breaks in the tools to go on with. Removing them in a later RUN only hides them.

    ## Example
    ```dockerfile
    RUN apt-get update && apt-get install -y build-essential && make install
    CMD ["app"]
    ```

    ## Use instead
    ```dockerfile
    FROM debian:12.5 AS build
    RUN apt-get update && apt-get install -y build-essential
    RUN make install DESTDIR=/out
    FROM debian:12.5
    COPY --from=build /out /
    CMD ["app"]
    ```

    ## When to ignore
    In images for building.

    ## Sources
    - Docker documentation, "Multi-stage builds", "Don't install unnecessary packages"
    """

    code = "CCH113"
    name = "build-tools-kept"
    severity = Severity.INFO
    preview = True
    managers = frozenset({"apt", "apk", "dnf", "yum", "microdnf"})

    def action(self, action: Action, context: Context) -> Iterator[Finding]:
        """Installations that the same RUN does not take back."""
        node = action.command.instruction
        stage = context.build.stage_of(node)
        target = context.build.target
        if action.verb is not Verb.INSTALL or not context.ships(node) or target is None or stage is None:
            return
        if target.effective("CMD") is None and target.effective("ENTRYPOINT") is None:
            return
        if any(request.verb is Verb.REMOVE for request in requests(node, context)):
            return
        tools = [package for package in action.packages if _TOOLS.match(package.name)]
        if tools:
            message = f"`{tools[0].name}` stays in the image; the container compiles nothing"
            yield self.at(tools[0].arg.span, message)
