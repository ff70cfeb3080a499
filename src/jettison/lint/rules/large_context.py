"""CTX110 large-context."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._context import folder_of, transfers, whole
from jettison.lint.rules._sizes import by_folder, human, total

LARGE: Final = 100_000_000
"""Bytes of a context from which sending it is felt at every build."""


class LargeContext(Rule):
    """Flags a build context of more than 100 MB that is copied as a whole.

    ## What it does
    Adds up the files of the context that the ignore file lets through, if `COPY .` takes them, and names the
    folders that weigh most.

    ## Why is this bad?
    All of it is read, sent, compared and stored at every build, and ends up in the image.

    ## Example
    A Dockerfile with `COPY . /srv` beside a folder `data` of 2 GB.

    ## Use instead
    A `.dockerignore` with the line `data`, or COPY of what is needed by name.

    ## When to ignore
    When the image needs all of it.

    ## Sources
    - Docker documentation, "Build context"
    """

    code = "CTX110"
    name = "large-context"
    severity = Severity.WARNING

    def file(self, context: Context) -> Iterator[Finding]:
        """The first COPY of everything, if that is much."""
        word = next(
            (found for node in transfers(context.build) if (found := whole(node, context.build))), None
        )
        folder = folder_of(context) if word is not None else None
        if folder is None or word is None:
            return
        count, size = total(folder)
        if size < LARGE:
            return
        most = ", ".join(f"`{name}` {human(part)}" for name, part in by_folder(folder).most_common(3))
        yield self.at(word.span, f"{count} files with {human(size)} are sent and copied: {most}")
