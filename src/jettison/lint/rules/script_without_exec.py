"""SIG104 script-without-exec."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.context import BuildContext
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._building import chain
from jettison.lint.rules._context import folder_of
from jettison.lint.rules._layers import absolute, copied, destination
from jettison.lint.rules._process import ending, has_init, starters, target_stage
from jettison.lint.script import Script
from jettison.lint.shell import Dialect, Shell, dialect_of, shebang_shell
from jettison.lint.source import Mapped, Piece, Span
from jettison.lint.syntax import ShellOrExec, Transfer


class ScriptWithoutExec(Rule):
    """Flags an entry script that starts the program without `exec`.

    ## What it does
    Finds the script that ENTRYPOINT or CMD starts, in the build context or in a here-document of COPY, and
    looks at its last command. It is silent where the script cannot be found, sets a `trap`, or ends in
    something other than a program.

    ## Why is this bad?
    The shell that runs the script is process 1 and waits for the program. SIGTERM reaches the shell only, so
    the program is killed when the time is over, with its work half done.

    ## Example
    ```dockerfile
    COPY <<EOF /start.sh
    #!/bin/sh
    migrate
    server --port 8080
    EOF
    ENTRYPOINT ["/start.sh"]
    ```

    ## Use instead
    ```dockerfile
    COPY <<EOF /start.sh
    #!/bin/sh
    migrate
    exec server --port 8080
    EOF
    ENTRYPOINT ["/start.sh"]
    ```

    ## When to ignore
    When the script has to do something after the program.

    ## Sources
    - Dockerfile reference, ENTRYPOINT, "exec"; POSIX, `exec`
    """

    code = "SIG104"
    name = "script-without-exec"
    severity = Severity.WARNING

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """The scripts behind ENTRYPOINT and CMD."""
        if not target_stage(stage, context) or has_init(stage, context.build):
            return
        for node in starters(stage):
            path = _script_path(node, context)
            text = _content(path, stage, context) if path else None
            if path is None or text is None or "trap " in text:
                continue
            shell = shebang_shell(text) or Shell(("/bin/sh",), Dialect.SH)
            if not shell.dialect.posix:
                continue
            found = ending(Script(Mapped([Piece(text, 0)]), shell, node, {}))
            if found is not None:
                last = text[found.span.start : found.span.end].split("\n")[0][:60]
                message = (
                    f"`{posixpath.basename(path)}` ends with `{last}` without `exec`: it never hears SIGTERM"
                )
                yield self.at(_place(node, path), message)


def _place(node: ShellOrExec, path: str) -> Span:
    for word in node.exec or ():
        if word.text.endswith(posixpath.basename(path)):
            return word.span
    return node.keyword_span


def _script_path(node: ShellOrExec, context: Context) -> str | None:
    """The absolute path of the script that an instruction starts."""
    words = [word.text for word in node.exec] if node.exec is not None else []
    if node.exec is None and node.script is not None:
        words = node.script.text.split()
        words = words[1:] if words[:1] == ["exec"] else words
    if words and dialect_of(words[0]) is not None:
        words = [word for word in words[1:] if not word.startswith("-")]
    if not words or " " in words[0] or re.search(r"[$&|;<>]", words[0]):
        return None
    if "/" not in words[0]:
        return f"/usr/local/bin/{words[0]}"
    return absolute(words[0], context.build.state(node).workdir)


def _content(path: str, stage: Stage, context: Context) -> str | None:
    """The text of a file of the image, if the Dockerfile shows where it comes from."""
    folder = folder_of(context)
    for node in reversed(chain(stage)):
        if not isinstance(node, Transfer) or node.flag("from") is not None:
            continue
        text = _heredoc(path, node, context) or (
            _file(path, node, folder, context) if folder is not None else None
        )
        if text is not None:
            return text
    return None


def _heredoc(path: str, node: Transfer, context: Context) -> str | None:
    target = destination(node, context.build)
    for doc in node.heredocs:
        if target == path or (target is not None and target.endswith("/") and f"{target}{doc.name}" == path):
            return doc.text
    return None


def _file(path: str, node: Transfer, folder: BuildContext, context: Context) -> str | None:
    target = (destination(node, context.build) or "").rstrip("/")
    candidates = [source for source, place in copied(node, context.build) if place == path]
    if not candidates and path.startswith(f"{target}/"):
        rest = path[len(target) + 1 :]
        sources = [context.build.expand(source.text, node) or "" for source in node.sources]
        candidates = [posixpath.join(source, rest) for source in sources if source]
    for name in candidates:
        data = folder.head(posixpath.normpath(name).lstrip("/"))
        if data is not None and (data.startswith(b"#!") or name.endswith(".sh")):
            return data.decode("utf-8", "replace")
    return None
