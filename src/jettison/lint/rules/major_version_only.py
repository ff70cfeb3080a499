"""BAS104 major-version-only."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._images import NAMED_BY_NUMBER, base_of, version_of
from jettison.lint.syntax import From, Instruction


class MajorVersionOnly(Rule):
    """Flags base images of which only the major version is named.

    ## What it does
    Looks for tags that start with one number (`node:20-slim`, `alpine:3`). Silent with a digest, and for
    distributions whose releases are called by one number (`debian:12`), in which there are only repairs.

    ## Why is this bad?
    Minor versions bring new behaviour: `python:3` went from 3.11 to 3.12 overnight and with it went
    `distutils`. The build of last month cannot be repeated.

    ## Example
    ```dockerfile
    FROM python:3-slim
    ```

    ## Use instead
    ```dockerfile
    FROM python:3.12.4-slim
    ```

    ## When to ignore
    Where the newest minor version is wanted, and every build is tested.

    ## Sources
    - Docker documentation, "Building best practices": pin base image versions
    """

    code = "BAS104"
    name = "major-version-only"
    severity = Severity.INFO
    keywords = frozenset({"FROM"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """A tag that pins a major version."""
        base = base_of(node, context)
        if base is None or base.digest or not isinstance(node, From) or node.image is None:
            return
        version = version_of(base)
        if (
            version is not None
            and len(version) == 1
            and version[0] < 1900
            and base.short not in NAMED_BY_NUMBER
        ):
            message = f"`{base.tag}` pins the major version only: minor ones change under the same tag"
            yield self.at(node.image.span, message)
