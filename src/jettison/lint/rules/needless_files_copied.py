"""CTX107 needless-files-copied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.context import BuildContext
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._context import folder_of, transfers, whole
from jettison.lint.rules._sizes import human

_NEEDLESS: Final = {
    "node_modules": "packages of this machine",
    **dict.fromkeys((".venv", "venv", "env", ".tox", ".nox"), "an environment of this machine"),
    **dict.fromkeys(
        ("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".cache", ".gradle"), "caches"
    ),
    **dict.fromkeys((".idea", ".vscode", ".vs"), "settings of an editor"),
    **dict.fromkeys(("coverage", "htmlcov", ".nyc_output"), "reports of tests"),
    ".terraform": "plug-ins of this machine",
    ".DS_Store": "droppings of a file manager",
}
"""Folders and files that belong to the machine they are on, with what they are."""


class NeedlessFilesCopied(Rule):
    """Flags folders that `COPY .` brings in and that no image needs: `node_modules`, `.venv`, caches.

    ## What it does
    Looks in the build context for such folders that the ignore file does not name, if the whole context is
    copied. The message tells what they weigh. A pattern that covers the root only (`node_modules`) while
    there are more below is found too.

    ## Why is this bad?
    They hold what was compiled for the developer's machine, and lie over what the image installs itself. Each
    test run changes them, and with them the cache of COPY.

    ## Example
    A Dockerfile with `COPY . /srv` beside a folder `node_modules`.

    ## Use instead
    A `.dockerignore` with the line `**/node_modules`.

    ## When to ignore
    When the folder was made for the image.

    ## Sources
    - Docker documentation, "Dockerignore files"; dockle DKL-LI-0003
    """

    code = "CTX107"
    name = "needless-files-copied"
    severity = Severity.WARNING
    aliases = ("DKL-LI-0003",)

    def file(self, context: Context) -> Iterator[Finding]:
        """One finding for each kind of folder, at the first COPY of everything."""
        word = next(
            (found for node in transfers(context.build) if (found := whole(node, context.build))), None
        )
        folder = folder_of(context) if word is not None else None
        if folder is None or word is None:
            return
        for name, (place, size) in sorted(_found(folder).items()):
            message = (
                f"`{place}` ({human(size)}) is copied: {_NEEDLESS[name]}; `.dockerignore` lacks `**/{name}`"
            )
            yield self.at(word.span, message)


def _found(folder: BuildContext) -> dict[str, tuple[str, int]]:
    """The first place and the bytes of each kind."""
    found: dict[str, tuple[str, int]] = {}
    for path, size in folder.files:
        parts = path.split("/")
        for depth, part in enumerate(parts):
            if part in _NEEDLESS:
                place, before = found.get(part, ("/".join(parts[: depth + 1]), 0))
                found[part] = (place, before + size)
                break
    return found
