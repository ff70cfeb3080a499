"""CTX105 copy-of-ignored-file."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.context import BuildContext
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._context import folder_of, local_sources
from jettison.lint.syntax import Instruction, Transfer


class CopyOfIgnoredFile(Rule):
    """Flags COPY and ADD of what the ignore file keeps out of the build.

    ## What it does
    Compares the sources with `.dockerignore` (or `NAME.dockerignore` beside the Dockerfile). Where the
    context is known, a pattern that keeps only some of the matches out is no finding.

    ## Why is this bad?
    The file is there, and the builder says that it is not: the build stops with "not found".

    ## Example
    A Dockerfile with `COPY dist /srv` and a `.dockerignore` with `dist`.

    ## Use instead
    `!dist` as the last line of the `.dockerignore`.

    ## When to ignore
    Never.

    ## Sources
    - BuildKit CopyIgnoredFile; Docker documentation, "Dockerignore files"
    """

    code = "CTX105"
    name = "copy-of-ignored-file"
    severity = Severity.ERROR
    aliases = ("CopyIgnoredFile",)
    keywords = frozenset({"COPY", "ADD"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Sources all of whose matches are ignored."""
        folder = folder_of(context)
        if folder is None or folder.ignore_name is None or not isinstance(node, Transfer):
            return
        for word, path in local_sources(node, context.build):
            if path == "." or path.startswith(".."):
                continue
            found = folder.matches(path)
            if found and all(_is_out(folder, item) for item in found):
                message = f"`{path}` is kept out of the build by `{folder.ignore_name}`"
                yield self.at(word.span, message)


def _is_out(folder: BuildContext, path: str) -> bool:
    """Whether a path is ignored, and with it, for a folder, all that is in it."""
    if not folder.ignored(path):
        return False
    brought_back = any(pattern.negated for pattern in folder.patterns)
    return not (brought_back and any(name.startswith(f"{path}/") for name, _ in folder.files))
