"""SEC108 private-key-in-build."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.command import Command
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._script import following


class PrivateKeyInBuild(Rule):
    """Flags private keys that are made while the image is built.

    ## What it does
    Looks in stages that ship for `ssh-keygen` that makes a key, `openssl` with `genrsa`, `gendsa`,
    `genpkey` or `req -newkey`, and `keytool -genkey`. It is silent where the same RUN removes a key again.

    ## Why is this bad?
    All containers of the image share one key, and everybody who can pull the image has it. A host key or
    certificate that everybody has identifies nobody.

    ## Example
    ```dockerfile
    RUN ssh-keygen -A
    ```

    ## Use instead
    ```dockerfile
    COPY --chmod=755 start.sh /usr/local/bin/start.sh
    ENTRYPOINT ["/usr/local/bin/start.sh"]
    ```

    ## When to ignore
    In images for tests, where the key protects nothing.

    ## Sources
    - CIS Docker Benchmark 4.10; ssh-keygen(1), openssl-req(1)
    """

    code = "SEC108"
    name = "private-key-in-build"
    severity = Severity.WARNING
    programs = frozenset({"ssh-keygen", "openssl", "keytool"})

    def command(self, command: Command, context: Context) -> Iterator[Finding]:
        """A command that makes a private key in a layer that ships."""
        if not context.ships(command.instruction) or not _makes_key(command):
            return
        if any(item.name in ("rm", "shred") for item in following(command, context.build)):
            return
        yield self.at(
            command.span, "the private key made here is the same in every container, for all to read"
        )


def _makes_key(command: Command) -> bool:
    words = command.words
    if command.name == "ssh-keygen":
        return not command.has("-R", "-F", "-l", "-y", "-H", "-E", "-e", "-i", "-B", "-Y", "-K")
    if command.name == "keytool":
        return command.has("-genkey", "-genkeypair")
    if words[:1] in (["genrsa"], ["genpkey"], ["gendsa"]):
        return True
    return words[:1] == ["req"] and command.has("-newkey", "-keyout", "-x509") and not command.has("-key")
