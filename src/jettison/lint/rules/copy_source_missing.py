"""CTX104 copy-source-missing."""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Iterator

from jettison.lint.context import BuildContext
from jettison.lint.fix import Applicability, Fix, Scope, replace
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._context import folder_of, is_made, local_sources
from jettison.lint.syntax import Instruction, Transfer, Word


class CopySourceMissing(Rule):
    """Flags COPY and ADD of something that is not in the build context.

    ## What it does
    Looks for the sources in the folder of the Dockerfile. If less than half of what the file copies is
    there, the build is taken to use another folder, and nothing is said. Files that earlier steps of a
    pipeline make (`target/app.jar`, `dist`) are left alone, as far as their folder tells.

    ## Why is this bad?
    The build stops with "not found", often after minutes.

    ## Example
    A Dockerfile with `COPY requirement.txt .` beside a file `requirements.txt`.

    ## Use instead
    The name that the file has.

    ## When to ignore
    When the file is made just before the build.

    ## Fix safety
    Unsafe: the most similar name of the folder is taken.

    ## Sources
    - Dockerfile reference, COPY
    """

    code = "CTX104"
    name = "copy-source-missing"
    severity = Severity.WARNING
    fixable = Applicability.UNSAFE
    keywords = frozenset({"COPY", "ADD"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Sources that nothing in the context matches."""
        folder = folder_of(context)
        if folder is None or not isinstance(node, Transfer) or node.index < 0:
            return
        for word, path in local_sources(node, context.build):
            if path == "." or path.startswith("..") or folder.matches(path) or is_made(path):
                continue
            close = _similar(path, folder)
            hint = f"; there is `{close}`" if close else ""
            fix = _fix(word, path, close) if close else None
            yield self.at(word.span, f"`{path}` is not in the build context{hint}", fix=fix)


def _similar(path: str, folder: BuildContext) -> str | None:
    parent, name = posixpath.split(path)
    names = folder.names(parent) or []
    exact = [item for item in names if item.lower() == name.lower()]
    close = exact or difflib.get_close_matches(name, names, n=1, cutoff=0.75)
    return posixpath.join(parent, close[0]) if close else None


def _fix(word: Word, path: str, close: str) -> Fix | None:
    if (
        word.text.removeprefix("./") != path
        or " " in close
        or word.span.end - word.span.start != len(word.text)
    ):
        return None
    return Fix(f"copy {close}", (replace(word.span, close),), Applicability.UNSAFE, Scope.CONFIG)
