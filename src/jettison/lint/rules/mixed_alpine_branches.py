"""ALP107 mixed-alpine-branches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.bases import Distro
from jettison.lint.command import Command
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._musl import alpine_version

_BRANCH: Final = re.compile(r"/alpine/(?:v(?P<version>\d+\.\d+)|(?P<edge>edge))/(?P<part>\w+)")


class MixedAlpineBranches(Rule):
    """Flags packages from another branch of Alpine than that of the base: `edge`, `testing`, another version.

    ## What it does
    Looks in RUN for addresses of Alpine repositories whose branch is not the one in the tag of the base
    image. A repository with a name (`@edge http://…`) is left alone: only packages that ask for it come
    from there.

    ## Why is this bad?
    Packages of `edge` are compiled against newer libraries. apk updates these with them, or the program fails
    at its start ("symbol not found"). What is in `testing` may vanish any day.

    ## Example
    ```dockerfile
    FROM alpine:3.20
    RUN apk add --no-cache --repository https://dl-cdn.alpinelinux.org/alpine/edge/testing tool
    ```

    ## Use instead
    ```dockerfile
    FROM alpine:3.20
    RUN apk add --no-cache tool
    ```

    ## When to ignore
    When the package holds no compiled code.

    ## Sources
    - Alpine wiki, "Repositories", "Using testing repository"
    """

    code = "ALP107"
    name = "mixed-alpine-branches"
    severity = Severity.WARNING

    def command(self, command: Command, context: Context) -> Iterator[Finding]:
        """Addresses of repositories among the arguments."""
        stage = context.build.stage_of(command.instruction)
        if (
            stage is None
            or stage.distro is not Distro.ALPINE
            or command.name not in ("apk", "echo", "printf", "sed")
        ):
            return
        base = stage.root.base
        tag = (base.tag or "") if base is not None else ""
        own = alpine_version(stage)
        for arg in command.args:
            match = _BRANCH.search(arg.text)
            if match is None or arg.text.lstrip().startswith("@") or "edge" in tag:
                continue
            branch = match["edge"] or match["version"]
            if branch == "edge" or (own is not None and branch != ".".join(map(str, own))):
                message = f"packages of `{branch}/{match['part']}` need other libraries than this base has"
                yield self.at(arg.span, message)
