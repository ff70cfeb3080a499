"""CTX108 vcs-folder-copied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._context import folder_of, local_sources, transfers, whole
from jettison.lint.rules._sizes import human

_FOLDERS: Final = (".git", ".hg", ".svn", ".bzr")


class VcsFolderCopied(Rule):
    """Flags the history of the project in the image: `.git` and its like.

    ## What it does
    Looks for COPY and ADD of `.git`, `.hg` or `.svn`, and for `COPY .` where the context has such a folder
    that the ignore file does not keep out.

    ## Why is this bad?
    The history holds every file that was ever deleted, passwords among them, and often a token in the address
    of the remote. Every commit changes it, and with it the cache of COPY.

    ## Example
    ```dockerfile
    COPY .git /srv/app/.git
    ```

    ## Use instead
    ```dockerfile
    ARG GIT_SHA
    LABEL org.opencontainers.image.revision=$GIT_SHA
    ```

    ## When to ignore
    In a stage that does not ship, where the build asks git for the version: mount it with
    `RUN --mount=type=bind,source=.git,target=.git` instead.

    ## Sources
    - dockle DKL-LI-0003; Docker documentation, "Dockerignore files"
    """

    code = "CTX108"
    name = "vcs-folder-copied"
    severity = Severity.WARNING
    aliases = ("DKL-LI-0003",)

    def file(self, context: Context) -> Iterator[Finding]:
        """COPY of the folder itself, or of all with it."""
        for node in transfers(context.build):
            severity = None if context.ships(node) else Severity.INFO
            for word, path in local_sources(node, context.build):
                if path.split("/")[0] in _FOLDERS:
                    yield self.at(word.span, f"`{path}` holds all that was ever deleted", severity=severity)
            everything = whole(node, context.build)
            folder = folder_of(context) if everything is not None else None
            if folder is None or everything is None:
                continue
            for name in _FOLDERS:
                sizes = [size for path, size in folder.files if path.startswith(f"{name}/")]
                if sizes:
                    message = f"`{name}` ({human(sum(sizes))}) is copied, with all that was ever deleted"
                    yield self.at(everything.span, message, severity=severity)
