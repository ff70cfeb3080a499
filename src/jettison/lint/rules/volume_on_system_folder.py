"""MET111 volume-on-system-folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.syntax import Instruction


class VolumeOnSystemFolder(Rule):
    """Flags VOLUME on a folder of the kernel.

    ## What it does
    Looks for `/dev`, `/proc` and `/sys`, and what is below them, in VOLUME.

    ## Why is this bad?
    The volume hides what the kernel shows there: devices and processes are missing.

    ## Example
    ```dockerfile
    VOLUME /dev
    ```

    ## Use instead
    ```dockerfile
    VOLUME /var/lib/app
    ```

    ## When to ignore
    Never.

    ## Sources
    - dockle DKL-DI-0002
    """

    code = "MET111"
    name = "volume-on-system-folder"
    severity = Severity.ERROR
    aliases = ("DKL-DI-0002",)
    keywords = frozenset({"VOLUME"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Paths that the kernel fills."""
        for word in node.words:
            path = context.build.expand(word.text, node) or ""
            if _KERNEL.match(path):
                yield self.at(word.span, f"the kernel fills `{path}`; a volume hides it")


_KERNEL: Final = re.compile(r"/(?:dev|proc|sys)(?:/|\Z)")
