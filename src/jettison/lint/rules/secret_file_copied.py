"""SEC106 secret-file-copied."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._context import holds_secret
from jettison.lint.rules._secrets import secret_file
from jettison.lint.syntax import Instruction, Transfer


class SecretFileCopied(Rule):
    """Flags COPY and ADD of a file that holds secrets by its name.

    ## What it does
    Looks for sources such as `.env`, `id_rsa`, `.npmrc`, `.netrc`, `.aws/`, `*.key`, `credentials.json`,
    `terraform.tfstate`. Where the build context is known, a `.npmrc` or `.env` without anything secret in
    it is left alone.

    ## Why is this bad?
    The file is in a layer for good; a later `rm` only hides it. In a stage that does not ship it is still
    in the build cache.

    ## Example
    ```dockerfile
    COPY .npmrc /root/
    RUN npm ci && rm /root/.npmrc
    ```

    ## Use instead
    ```dockerfile
    RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci
    ```

    ## When to ignore
    When the file holds nothing that is secret.

    ## Sources
    - dockle CIS-DI-0010, KICS "Passwords And Secrets", slim ID.20021
    - Docker documentation, "Build secrets"
    """

    code = "SEC106"
    name = "secret-file-copied"
    severity = Severity.ERROR
    aliases = ("CIS-DI-0010",)
    keywords = frozenset({"COPY", "ADD"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Each source that is called like a secret."""
        if not isinstance(node, Transfer) or node.flag("from") is not None:
            return
        for source in node.sources:
            path = source.text.strip("\"'").rstrip("/")
            what = secret_file(path)
            if what is None or path.startswith("<<") or not holds_secret(path, context):
                continue
            ships = context.ships(node)
            where = "a layer of the image" if ships else "the build cache"
            severity = None if ships else Severity.WARNING
            yield self.at(source.span, f"`{path}` holds {what} and stays in {where}", severity=severity)
