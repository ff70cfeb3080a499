"""VAR108 argument-hidden-by-variable."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.syntax import KeyValue


class ArgumentHiddenByVariable(Rule):
    """Flags an ARG whose name an earlier ENV has.

    ## What it does
    Looks for ARG behind ENV of the same name in a stage or the stages it is built on.

    ## Why is this bad?
    ENV always wins: whatever `--build-arg` says, every instruction sees the value of ENV.

    ## Example
    ```dockerfile
    ENV VERSION=1.0
    ARG VERSION
    RUN ./install.sh "$VERSION"
    ```

    ## Use instead
    ```dockerfile
    ARG VERSION=1.0
    ENV VERSION=$VERSION
    RUN ./install.sh "$VERSION"
    ```

    ## When to ignore
    Never.

    ## Sources
    - Dockerfile reference, "Using ARG variables"
    """

    code = "VAR108"
    name = "argument-hidden-by-variable"
    severity = Severity.WARNING

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """Arguments that ENV hides."""
        names = set(stage.parent.envs) if stage.parent is not None else set()
        for node in stage.instructions:
            if not isinstance(node, KeyValue):
                continue
            if node.keyword == "ENV":
                names.update(pair.key.text for pair in node.pairs)
            elif node.keyword == "ARG":
                for pair in node.pairs:
                    if pair.key.text in names:
                        message = f"ENV has set `{pair.key.text}` already, so the argument changes nothing"
                        yield self.at(pair.key.span, message)
