"""SIG101 shell-form-process."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from jettison.lint.build import Build, Stage
from jettison.lint.fix import Applicability, Fix, Scope, insert, replace
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._process import ending, runs_arguments, starters, target_stage
from jettison.lint.script import evaluate
from jettison.lint.source import Span
from jettison.lint.syntax import ShellOrExec

_BUILTINS = frozenset({"cd", "export", "source", ".", "set", "ulimit", "umask", "exec", "trap", "eval"})

_NEEDS_SHELL = re.compile(r"[$`&|;<>()*?\[\]{}~#!\n\\]")


class ShellFormProcess(Rule):
    """Flags CMD and ENTRYPOINT in the shell form whose shell stays process 1.

    ## What it does
    Looks at the CMD and ENTRYPOINT that the container starts with, for the shell form without `exec` before
    its last command. HEALTHCHECK in the shell form is left alone: no signal is ever sent to a probe. So are
    stages that never run.

    ## Why is this bad?
    The engine sends SIGTERM to process 1, which is the shell, and the shell passes nothing on. The program
    never hears that it should end, and is killed ten seconds later with its work half done.

    ## Example
    ```dockerfile
    CMD node server.js
    ```

    ## Use instead
    ```dockerfile
    CMD ["node", "server.js"]
    ```

    ## When to ignore
    When the program ends by itself.

    ## Fix safety
    Safe: a single command without anything that only a shell understands becomes the exec form; with
    variables and several commands, `exec` is put before the last one.

    ## Sources
    - hadolint DL3025, BuildKit JSONArgsRecommended, slim ID.20012
    - Dockerfile reference, "Shell and exec form"
    """

    code = "SIG101"
    name = "shell-form-process"
    severity = Severity.WARNING
    aliases = ("DL3025", "JSONArgsRecommended", "ID.20012")
    fixable = Applicability.SAFE

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """The instructions that the container starts with."""
        if not target_stage(stage, context):
            return
        entry = stage.effective("ENTRYPOINT")
        for node in starters(stage):
            if node.exec is not None or node.script is None or not node.script.text:
                continue
            if node.keyword == "CMD" and isinstance(entry, ShellOrExec) and not runs_arguments(entry):
                continue  # the matter of `cmd-ignored-by-entrypoint`
            found = [ending(script) for script in context.build.scripts(node)]
            if any(item is None for item in found):
                continue
            message = f"the shell of {node.keyword} is process 1; the program never hears SIGTERM"
            yield self.at(node.keyword_span, message, fix=_fix(node, context.build))


def _fix(node: ShellOrExec, build: Build) -> Fix | None:
    scripts = build.scripts(node)
    if len(scripts) != 1 or not scripts[0].exact or node.heredocs or node.index < 0 or node.script is None:
        return None
    words = _words(node, build)
    place = node.script.span(0, len(node.script.text))
    if words is not None:
        edit = replace(Span(place.start, node.span.end), json.dumps(words, ensure_ascii=False))
        return Fix("use the exec form", (edit,), Applicability.SAFE, Scope.CONFIG)
    last = ending(scripts[0])
    if last is None or not last.simple:
        return None
    return Fix("add exec", (insert(last.span.start, "exec "),), Applicability.SAFE, Scope.CONFIG)


def _words(node: ShellOrExec, build: Build) -> list[str] | None:
    """The words of a single command that needs no shell; None if it does."""
    command = next(iter(build.commands(node)), None)
    text = node.script.text if node.script is not None else ""
    if command is None or command.name.endswith(".sh"):
        return None  # a shell also runs a script without `#!`, the kernel does not
    if command.name in _BUILTINS or command.redirects or command.assignments:
        return None
    if command.scopes or _NEEDS_SHELL.search(re.sub(r"'[^']*'", "", text)):
        return None
    words = [evaluate(raw, {}) for raw in (text[: len(text.split()[0])], *(arg.raw for arg in command.args))]
    if any(word is None for word in words) or len(words) != len(command.args) + 1:
        return None
    return [word for word in words if word is not None]
