"""CTX102 copy-then-extract."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.command import Command
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._layers import ARCHIVE, destination
from jettison.lint.source import Span
from jettison.lint.syntax import Transfer


class CopyThenExtract(Rule):
    """Flags a local archive that is copied, and unpacked by a later RUN.

    ## What it does
    Looks for COPY and ADD of a tar archive from the context whose name then is an argument of `tar`, `unzip`
    or `gunzip` in the same stage.

    ## Why is this bad?
    The archive stays in the layer of COPY, beside its unpacked content in the layer of RUN, and a later `rm`
    only hides it. ADD unpacks a local tar archive without storing it.

    ## Example
    ```dockerfile
    COPY rootfs.tar.gz /tmp/
    RUN tar -xzf /tmp/rootfs.tar.gz -C /
    ```

    ## Use instead
    ```dockerfile
    ADD rootfs.tar.gz /
    ```

    ## When to ignore
    When only some of its files are unpacked: mount it with `RUN --mount=type=bind` then.

    ## Sources
    - hadolint DL3010; Docker documentation, "ADD or COPY"
    """

    code = "CTX102"
    name = "copy-then-extract"
    severity = Severity.INFO
    aliases = ("DL3010",)

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """Archives that are copied, with the command that unpacks them."""
        copied: dict[str, Span] = {}
        for node in stage.instructions:
            if isinstance(node, Transfer) and node.keyword == "COPY" and node.flag("from") is None:
                copied |= _archives(node, context)
            elif node.keyword == "RUN" and copied:
                for command in context.build.commands(node):
                    for name in _unpacked(command):
                        place = copied.pop(name, None)
                        if place is not None:
                            yield self.at(
                                place,
                                f"`{name}` stays in this layer beside what is unpacked of it; ADD unpacks it",
                            )


def _archives(node: Transfer, context: Context) -> dict[str, Span]:
    """The base names under which archives lie in the image."""
    found: dict[str, Span] = {}
    target = destination(node, context.build) or ""
    for source in node.sources:
        text = context.build.expand(source.text, node) or source.text
        if ARCHIVE.search(text) and not re.match(r"\w+://", text):
            is_file = ARCHIVE.search(target) is not None
            found[posixpath.basename(target if is_file else text)] = source.span
    return found


def _unpacked(command: Command) -> list[str]:
    if command.name not in ("tar", "bsdtar", "gunzip", "unxz", "bunzip2"):
        return []
    if command.name.endswith("tar") and not _extracts(command):
        return []
    return [posixpath.basename(arg.text) for arg in command.args if ARCHIVE.search(arg.text)]


def _extracts(command: Command) -> bool:
    cluster = command.words[0] if command.words else ""
    return command.has("-x", "--extract", "--get") or re.match(r"[a-zA-Z]*x", cluster) is not None
