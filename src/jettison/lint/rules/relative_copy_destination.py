"""CTX113 relative-copy-destination."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._process import is_windows
from jettison.lint.syntax import Instruction, Transfer


class RelativeCopyDestination(Rule):
    """Flags COPY to a relative path before any WORKDIR.

    ## What it does
    Looks for COPY and ADD with a relative destination where neither the stage nor those that it is built on
    have a WORKDIR before.

    ## Why is this bad?
    Where the files land depends on the working directory of the base image, mostly `/`.

    ## Example
    ```dockerfile
    COPY app.py app/
    ```

    ## Use instead
    ```dockerfile
    WORKDIR /srv
    COPY app.py app/
    ```

    ## When to ignore
    When the base image is made to take files in its working directory.

    ## Sources
    - hadolint DL3045
    """

    code = "CTX113"
    name = "relative-copy-destination"
    severity = Severity.WARNING
    aliases = ("DL3045",)
    keywords = frozenset({"ADD", "COPY"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """A destination that hangs on the base image."""
        stage = context.build.stage_of(node)
        if not isinstance(node, Transfer) or node.destination is None or stage is None or is_windows(stage):
            return
        text = context.build.expand(node.destination.text, node)
        if text is None or not text or text.startswith(("/", "\\")) or _DRIVE.match(text):
            return
        if stage.parent is not None and stage.parent.effective("WORKDIR") is not None:
            return
        index = node.index if node.index >= 0 else stage.instructions[-1].index
        if not any(item.index < index for item in stage.all("WORKDIR")[:1]):
            yield self.at(node.destination.span, f"no WORKDIR says where `{text}` is")


_DRIVE: Final = re.compile(r"[A-Za-z]:")
