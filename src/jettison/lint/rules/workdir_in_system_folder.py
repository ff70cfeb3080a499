"""MET110 workdir-in-system-folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.syntax import Instruction


class WorkdirInSystemFolder(Rule):
    """Flags WORKDIR in a folder of the kernel or of the system's programs.

    ## What it does
    Looks for `/proc`, `/sys`, `/dev`, `/bin`, `/sbin`, `/lib`, `/boot`, `/etc`, `/usr/bin`, `/usr/sbin` and
    `/usr/lib` themselves, and anything below the first three.

    ## Why is this bad?
    Files that the application writes lie between those of the system; an update may replace them. What is
    below `/proc` and `/sys` is not in the image at all.

    ## Example
    ```dockerfile
    WORKDIR /usr/bin
    ```

    ## Use instead
    ```dockerfile
    WORKDIR /srv/app
    ```

    ## When to ignore
    For a few build steps, with another WORKDIR behind them.

    ## Sources
    - trivy DS-0030
    """

    code = "MET110"
    name = "workdir-in-system-folder"
    severity = Severity.WARNING
    aliases = ("DS-0030", "DS030")
    keywords = frozenset({"WORKDIR"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """The last WORKDIR of a stage that ships."""
        stage = context.build.stage_of(node)
        path = context.build.expand(node.words[0].text, node) if node.words else None
        if (
            stage is not None
            and stage.ships
            and stage.effective("WORKDIR") is node
            and _SYSTEM.match(path or "")
        ):
            yield self.at(node.words[0].span, f"`{path}` belongs to the system")


_SYSTEM: Final = re.compile(
    r"(?:/(?:proc|sys|dev)(?:/.*)?|/(?:bin|sbin|lib|lib64|boot|etc|usr/bin|usr/sbin|usr/lib)/?)\Z"
)
