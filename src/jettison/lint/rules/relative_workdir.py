"""MET109 relative-workdir."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.fix import Applicability, Fix, Scope, replace
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._layers import workdir_at
from jettison.lint.rules._process import is_windows
from jettison.lint.syntax import Instruction


class RelativeWorkdir(Rule):
    """Flags WORKDIR with a path that does not start at the root.

    ## What it does
    Looks for relative paths in WORKDIR where the stage, and the stages it is built on, have set no absolute
    one before. Variables are filled in; silent where their value is not known.

    ## Why is this bad?
    The folder depends on the working directory of the base image, which can be another one in its next
    version.

    ## Example
    ```dockerfile
    WORKDIR app
    ```

    ## Use instead
    ```dockerfile
    WORKDIR /app
    ```

    ## When to ignore
    When the folder of the base image is meant.

    ## Fix safety
    Safe: offered only where the working directory is known.

    ## Sources
    - hadolint DL3000, BuildKit WorkdirRelativePath, trivy DS-0009, checkov CKV_DOCKER_10, slim ID.20015
    """

    code = "MET109"
    name = "relative-workdir"
    severity = Severity.WARNING
    aliases = ("DL3000", "WorkdirRelativePath", "DS-0009", "DS009", "CKV_DOCKER_10", "ID.20015")
    fixable = Applicability.SAFE
    keywords = frozenset({"WORKDIR"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """A path that hangs on the base image."""
        stage = context.build.stage_of(node)
        if stage is None or not node.words or is_windows(stage):
            return
        text = context.build.expand(node.words[0].text, node)
        if text is None or not text or text.startswith("/") or _DRIVE.match(text):
            return
        before = context.build.state(node).workdir
        if before is not None and stage.root.base is not None and stage.root.base.name != "scratch":
            return  # an absolute path was set before
        if any(other.keyword == "WORKDIR" and other.index < node.index for other in stage.instructions):
            return
        known = workdir_at(node, context.build)
        fix = None
        if known is not None and node.index >= 0 and "$" not in node.words[0].text:
            path = posixpath.normpath(posixpath.join(known, text))
            fix = Fix(f"write {path}", (replace(node.words[0].span, path),), scope=Scope.CONFIG)
        message = f"where `{text}` is depends on the working directory of the base image"
        yield self.at(node.words[0].span, message, fix=fix)


_DRIVE: Final = re.compile(r"[A-Za-z]:")
