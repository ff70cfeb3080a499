"""SIG103 cmd-ignored-by-entrypoint."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._process import runs_arguments
from jettison.lint.syntax import ShellOrExec


class CmdIgnoredByEntrypoint(Rule):
    """Flags CMD that does not reach the program, because one of ENTRYPOINT and CMD has the shell form.

    ## What it does
    Looks at the ENTRYPOINT and CMD of the image: a shell-form ENTRYPOINT takes no arguments, so CMD (and what
    stands behind the image in `docker run`) is thrown away; a shell-form CMD behind an exec-form ENTRYPOINT
    hands over `/bin/sh`, `-c` and the line as arguments.

    ## Why is this bad?
    The program starts with other arguments than the file seems to say, and nothing tells.

    ## Example
    ```dockerfile
    ENTRYPOINT ["server"]
    CMD --port 8080
    ```

    ## Use instead
    ```dockerfile
    ENTRYPOINT ["server"]
    CMD ["--port", "8080"]
    ```

    ## When to ignore
    When ENTRYPOINT is a script that runs its arguments: there `/bin/sh -c …` works, with a shell in between.

    ## Sources
    - Dockerfile reference, "Understand how CMD and ENTRYPOINT interact"
    """

    code = "SIG103"
    name = "cmd-ignored-by-entrypoint"
    severity = Severity.ERROR

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """An ENTRYPOINT and a CMD of the same image that do not go together."""
        entry, command = stage.effective("ENTRYPOINT"), stage.effective("CMD")
        if stage is not context.build.target:
            return
        if not isinstance(entry, ShellOrExec) or not isinstance(command, ShellOrExec):
            return
        if (
            _is_script(entry)
            and "$@" not in entry.arguments.text
            and command.arguments.text not in ("", "[]")
        ):
            message = "the shell form of ENTRYPOINT takes no arguments: CMD is ignored"
            yield self.at(command.keyword_span, message)
        elif entry.exec and _is_script(command) and not runs_arguments(entry):
            message = f"`{entry.exec[0].text}` gets `/bin/sh`, `-c` and this line as its arguments"
            yield self.at(command.keyword_span, message)


def _is_script(node: ShellOrExec) -> bool:
    return node.exec is None and node.script is not None and bool(node.script.text)
