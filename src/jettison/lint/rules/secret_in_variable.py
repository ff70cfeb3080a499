"""SEC101 secret-in-variable."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._secrets import is_harmless, is_reference, names_secret
from jettison.lint.syntax import Instruction, KeyValue, Pair


class SecretInVariable(Rule):
    """Flags ENV and ARG that hold the value of a secret.

    ## What it does
    Looks for variables that are called like a secret (`…_PASSWORD`, `…_TOKEN`, `API_KEY`) and have a value
    in the file, or take one from a build argument (`ENV TOKEN=$TOKEN`). Values that are none are left
    alone: empty ones, switches, numbers, paths (`/run/secrets/db`), fingerprints of public keys.

    ## Why is this bad?
    ENV is written into the config of the image, where `docker inspect` shows it to everybody who can pull
    it; the default of ARG stands in the history, and both in the repository of the file. Deleting the
    variable later does not delete it from the layers before.

    ## Example
    ```dockerfile
    ENV DB_PASSWORD=hunter22
    ```

    ## Use instead
    ```dockerfile
    ENV DB_PASSWORD_FILE=/run/secrets/db_password
    ```

    ## When to ignore
    When the value is public (the key of a demonstration, a password that only tests use).

    ## Sources
    - hadolint DL3064, BuildKit SecretsUsedInArgOrEnv, trivy DS-0031, dockle CIS-DI-0010
    - KICS "Passwords And Secrets"; Docker documentation, "Build secrets"
    """

    code = "SEC101"
    name = "secret-in-variable"
    severity = Severity.ERROR
    aliases = ("DL3064", "SecretsUsedInArgOrEnv", "DS-0031", "DS031", "CIS-DI-0010")
    keywords = frozenset({"ENV", "ARG"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Each pair whose name says secret and whose value is one."""
        if not isinstance(node, KeyValue):
            return
        for pair in node.pairs:
            if pair.value is not None and names_secret(pair.key.text):
                message = _message(node, pair, context)
                if message is not None:
                    yield self.at(pair.key.span, message)


def _message(node: KeyValue, pair: Pair, context: Context) -> str | None:
    name = pair.key.text
    if pair.value is None:
        return None
    if is_reference(pair.value.text):
        if node.keyword == "ARG" or not context.ships(node):
            return None
        return f"ENV keeps the value of `{name}` in the image, where `docker inspect` shows it"
    value = pair.value.text if "$" in pair.value.text else context.build.expand(pair.value.text, node)
    if value is None or is_harmless(value.strip("\"'")):
        return None
    where = "in the config of the image" if node.keyword == "ENV" else "in the history of the image"
    return f"the value of `{name}` stands in the file and {where}"
