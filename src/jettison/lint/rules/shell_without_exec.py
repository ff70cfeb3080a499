"""SIG102 shell-without-exec."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.fix import Applicability, Fix, Scope, insert
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._process import ending, shell_scripts, starters, target_stage


class ShellWithoutExec(Rule):
    """Flags `["sh", "-c", "…"]` in CMD and ENTRYPOINT without `exec`.

    ## What it does
    Looks in the exec form for a shell with a script whose last command is not started with `exec`.

    ## Why is this bad?
    It is the shell form again: the shell is process 1, and signals end there. Some shells replace themselves
    by a single command, but not all, and none behind `&&`.

    ## Example
    ```dockerfile
    CMD ["sh", "-c", "java $JAVA_OPTS -jar /app.jar"]
    ```

    ## Use instead
    ```dockerfile
    CMD ["sh", "-c", "exec java $JAVA_OPTS -jar /app.jar"]
    ```

    ## When to ignore
    When the program ends by itself.

    ## Fix safety
    Safe: `exec` is put before the last command, which the script ends with anyway.

    ## Sources
    - Dockerfile reference, "Shell and exec form"; POSIX, `exec`
    """

    code = "SIG102"
    name = "shell-without-exec"
    severity = Severity.WARNING
    fixable = Applicability.SAFE

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """Scripts inside the exec form."""
        if not target_stage(stage, context):
            return
        for node in starters(stage):
            if node.exec is None:
                continue
            for script in shell_scripts(node, context.build):
                found = ending(script)
                if found is None:
                    continue
                fix = None
                if found.simple and script.exact and node.index >= 0:
                    edit = insert(found.span.start, "exec ")
                    fix = Fix("add exec", (edit,), Applicability.SAFE, Scope.CONFIG)
                message = "the shell stays process 1; the program never hears SIGTERM"
                yield self.at(found.span, message, fix=fix)
