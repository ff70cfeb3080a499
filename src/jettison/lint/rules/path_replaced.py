"""VAR109 path-replaced."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.fix import Applicability, Fix, Scope, insert
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._process import is_windows
from jettison.lint.syntax import Instruction, KeyValue, Pair


class PathReplaced(Rule):
    """Flags a PATH without the folders of the system.

    ## What it does
    Looks for `ENV PATH=…` that neither holds `$PATH` nor names `/bin` or `/usr/bin`. Silent for `scratch`.

    ## Why is this bad?
    Every program of the base image is out of reach: `sh`, `ls`, and often the interpreter that the image
    is about. The next RUN fails, or a script at run time.

    ## Example
    ```dockerfile
    ENV PATH=/srv/app/bin
    ```

    ## Use instead
    ```dockerfile
    ENV PATH=/srv/app/bin:$PATH
    ```

    ## When to ignore
    When nothing of the base may be found.

    ## Fix safety
    Unsafe: programs that were out of reach are found again.

    ## Sources
    - Dockerfile best practices, ENV
    """

    code = "VAR109"
    name = "path-replaced"
    severity = Severity.ERROR
    fixable = Applicability.UNSAFE
    keywords = frozenset({"ENV"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """A PATH that forgets the one before."""
        stage = context.build.stage_of(node)
        if not isinstance(node, KeyValue) or stage is None or is_windows(stage):
            return
        if stage.root.base is not None and stage.root.base.name == "scratch":
            return
        for pair in node.pairs:
            if pair.key.text != "PATH" or pair.value is None:
                continue
            value = pair.value.text.strip("\"'")
            folders = {folder.rstrip("/") for folder in value.split(":")}
            if "$" not in value and not folders & {"/bin", "/usr/bin"}:
                message = "this PATH leaves out `/usr/bin` and `/bin`: no program of the system is found"
                yield self.at(pair.value.span, message, fix=_fix(pair))


def _fix(pair: Pair) -> Fix | None:
    if pair.value is None or not pair.value.text or "'" in pair.value.text:
        return None
    at = pair.value.span.end - pair.value.text.endswith('"')
    return Fix("keep the old PATH", (insert(at, ":$PATH"),), Applicability.UNSAFE, Scope.CONFIG)
