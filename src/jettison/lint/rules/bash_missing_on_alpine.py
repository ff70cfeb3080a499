"""ALP101 bash-missing-on-alpine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.bases import Distro
from jettison.lint.build import Stage
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._building import chain
from jettison.lint.rules._context import folder_of, local_sources
from jettison.lint.rules._requests import installed
from jettison.lint.source import Span
from jettison.lint.syntax import Instruction, ShellOrExec, Transfer

_SHEBANG: Final = re.compile(rb"#!\s*(?:/usr)?/bin/(?:env\s+)?bash\b")


class BashMissingOnAlpine(Rule):
    """Flags the use of bash on Alpine without installing it.

    ## What it does
    Looks on Alpine bases, whose images come without bash, for `bash` in RUN, CMD, ENTRYPOINT, HEALTHCHECK and
    SHELL, and for copied scripts that start with `#!/bin/bash`, where no `apk add bash` comes before.

    ## Why is this bad?
    "bash: not found", or, for a script that is there, "no such file or directory": the kernel means the
    program behind `#!`. A script in CMD fails only when the container starts.

    ## Example
    ```dockerfile
    FROM alpine:3.20
    CMD ["bash", "/srv/start.sh"]
    ```

    ## Use instead
    ```dockerfile
    FROM alpine:3.20
    RUN apk add --no-cache bash
    CMD ["bash", "/srv/start.sh"]
    ```

    ## When to ignore
    When bash is copied from another image.

    ## Sources
    - Alpine wiki, "How to get regular stuff working"; Docker Hub, alpine
    """

    code = "ALP101"
    name = "bash-missing-on-alpine"
    severity = Severity.ERROR

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """Uses of bash in an Alpine stage that has none."""
        base = stage.root.base
        if stage.distro is not Distro.ALPINE or base is None or not _is_without(base.repository):
            return
        found = [span for node in stage.instructions for span in _uses(node, context)]
        if not found or "bash" in installed(stage, context) or _brings(stage):
            return
        for span in found:
            yield self.at(span, "Alpine has no bash, and nothing here installs it")


def _is_without(repository: str) -> bool:
    """Whether the image is one of those that are known to come without bash."""
    return repository in {
        *("alpine", "python", "node", "ruby", "php", "nginx", "httpd", "golang", "rust", "openjdk", "redis"),
        *("amazoncorretto", "haproxy", "traefik", "caddy", "memcached"),
    }


def _brings(stage: Stage) -> bool:
    """Whether bash may come in another way: copied, or with what is not looked into."""
    return any(
        "bash" in word.text
        for node in chain(stage)
        if isinstance(node, Transfer)
        for word in node.sources
        if word.text.endswith("/bash")
    )


def _uses(node: Instruction, context: Context) -> Iterator[Span]:
    if isinstance(node, Transfer):
        yield from _scripts(node, context)
        return
    if not isinstance(node, ShellOrExec):
        return
    if node.keyword == "SHELL":
        if node.exec and node.exec[0].text.endswith("bash"):
            yield node.exec[0].span
        return
    yield from (command.name_span for command in context.build.commands(node) if command.name == "bash")


def _scripts(node: Transfer, context: Context) -> Iterator[Span]:
    """Sources that are scripts for bash."""
    for doc in node.heredocs:
        if _SHEBANG.match(doc.text.encode("utf-8", "replace")):
            yield doc.word.span
    folder = folder_of(context)
    if folder is None:
        return
    for word, path in local_sources(node, context.build):
        data = folder.head(path) if path != "." else None
        if data is not None and _SHEBANG.match(data):
            yield word.span
