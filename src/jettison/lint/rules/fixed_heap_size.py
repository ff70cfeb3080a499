"""SIG112 fixed-heap-size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.build import Stage
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._process import starters
from jettison.lint.source import Span
from jettison.lint.syntax import Instruction

_FIXED: Final = re.compile(r"-Xmx\d+[kKmMgG]?\b|--max[-_]old[-_]space[-_]size[= ]\d+|-XX:MaxHeapSize=\d+\w*")


class FixedHeapSize(Rule):
    """Flags a heap size that is written into the image.

    ## What it does
    Looks in ENV, CMD and ENTRYPOINT of what is run for `-Xmx512m` and `--max-old-space-size=…`.

    ## Why is this bad?
    How much memory a container has is decided where it runs, beside others. A heap that is larger than its
    limit gets it killed without a word; one that is smaller wastes what was given.

    ## Example
    ```dockerfile
    ENV JAVA_OPTS="-Xms512m -Xmx2g"
    ```

    ## Use instead
    ```dockerfile
    ENV JAVA_OPTS="-XX:MaxRAMPercentage=75"
    ```

    ## When to ignore
    For programs that need exactly that much.

    ## Sources
    - JDK documentation, `-XX:MaxRAMPercentage`; Kubernetes documentation, "Resource management for
      containers"
    """

    code = "SIG112"
    name = "fixed-heap-size"
    severity = Severity.INFO

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """Options of the runtime in what ships."""
        if not stage.ships:
            return
        commands = list(starters(stage)) if stage is context.build.target else []
        nodes: list[Instruction] = [*stage.all("ENV"), *commands]
        for node in nodes:
            for match in _FIXED.finditer(context.source.slice(node.span)):
                span = Span(node.span.start + match.start(), node.span.start + match.end())
                yield self.at(span, f"`{match[0]}` does not follow the memory limit of the container")
