"""CTX106 missing-dockerignore."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._context import folder_of, transfers, whole
from jettison.lint.rules._sizes import human, total


class MissingDockerignore(Rule):
    """Flags COPY of the whole context where no ignore file says what to leave out.

    ## What it does
    Looks for `COPY .` (or ADD) where neither `.dockerignore` nor `NAME.dockerignore` beside the Dockerfile
    exists, or the file is empty. It tells how many files and bytes are sent.

    ## Why is this bad?
    Everything goes to the builder and into the image: history, dependencies of the developer's machine,
    editors' files, secrets. Each of them makes the build slower, and a change of any repeats it.

    ## Example
    A Dockerfile with `COPY . /srv` in a folder without `.dockerignore`.

    ## Use instead
    A `.dockerignore` with `.git`, `node_modules`, `*.md` and whatever else the image does not need.

    ## When to ignore
    When the folder holds nothing but what is copied.

    ## Sources
    - slim ID.10001 and ID.10002; Docker documentation, "Dockerignore files"
    """

    code = "CTX106"
    name = "missing-dockerignore"
    severity = Severity.WARNING
    aliases = ("ID.10001", "ID.10002")

    def file(self, context: Context) -> Iterator[Finding]:
        """The first COPY of everything."""
        found = (whole(node, context.build) for node in transfers(context.build))
        word = next((item for item in found if item is not None), None)
        folder = folder_of(context) if word is not None else None
        if word is None or folder is None or folder.patterns:
            return
        count, size = total(folder)
        state = "is empty" if folder.ignore_name is not None else "is missing"
        message = f"`.dockerignore` {state}, so all {count} files ({human(size)}) are copied"
        yield self.at(word.span, message)
