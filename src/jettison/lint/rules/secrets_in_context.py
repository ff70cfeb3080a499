"""CTX109 secrets-in-context."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._context import folder_of, holds_secret, transfers, whole
from jettison.lint.rules._secrets import secret_file

_MOST = 5
"""Files that are named; a folder full of keys is one mistake."""


class SecretsInContext(Rule):
    """Flags files with secrets that `COPY .` takes along.

    ## What it does
    Looks in the build context for `.env`, private keys, `.npmrc` with a token, credentials of clouds and
    their like that the ignore file does not keep out, if the whole context is copied. The content of `.env`
    and `.npmrc` is read: without a secret in it there is no finding.

    ## Why is this bad?
    Nobody sees them go: the line says `COPY . .`. They are in the image for good, and everybody who can pull
    it has them.

    ## Example
    A Dockerfile with `COPY . /srv` beside a file `.env` with a password.

    ## Use instead
    A `.dockerignore` with the line `.env`.

    ## When to ignore
    When the file holds nothing that is secret.

    ## Sources
    - dockle CIS-DI-0010; Docker documentation, "Dockerignore files"
    """

    code = "CTX109"
    name = "secrets-in-context"
    severity = Severity.ERROR
    aliases = ("CIS-DI-0010",)

    def file(self, context: Context) -> Iterator[Finding]:
        """One finding for each file, at the first COPY of everything in a stage."""
        for node in transfers(context.build):
            word = whole(node, context.build)
            folder = folder_of(context) if word is not None else None
            if word is None or folder is None:
                continue
            found = [(path, what) for path, _ in folder.files if (what := secret_file(path))]
            named = [(path, what) for path, what in found if holds_secret(path, context)]
            for path, what in named[:_MOST]:
                ships = context.ships(node)
                where = "the image" if ships else "the build cache"
                message = f"`{path}` holds {what} and gets into {where}; `.dockerignore` lacks it"
                yield self.at(word.span, message, severity=None if ships else Severity.WARNING)
            return
