"""SUP101 piped-to-shell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.command import Command
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._download import FETCHERS, SHELLS
from jettison.lint.rules._trust import verifies
from jettison.lint.syntax import Instruction

_INTERPRETERS: Final = SHELLS | {"python", "python2", "python3", "perl", "ruby", "node", "php", "source", "."}
_FETCHING: Final = re.compile(r"[$<]\(\s*(?:sudo\s+)?(?:curl|wget)\s|`\s*(?:curl|wget)\s")


class PipedToShell(Rule):
    r"""Flags a script from the network that is run without being looked at.

    ## What it does
    Looks for `curl … | sh` and its like: through other programs (`| sudo bash`, `| gunzip | sh`), with other
    interpreters, as `bash <(curl …)`, `sh -c "$(curl …)"` and `eval "$(wget …)"`. It is silent where the
    same RUN verifies a checksum or signature.

    ## Why is this bad?
    Whoever controls the server, or the name, or the way to it, runs what they like as root in the build, and
    from there in every container. The script is another one each day, so the build does not repeat either.

    ## Example
    ```dockerfile
    RUN curl -fsSL https://example.org/install.sh | sh
    ```

    ## Use instead
    ```dockerfile
    ADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d \
        https://example.org/v1.2/install.sh /tmp/install.sh
    RUN sh /tmp/install.sh
    ```

    ## When to ignore
    When the installer is all there is, and the build is run by people who trust its author.

    ## Sources
    - droast DF021; OpenSSF Scorecard, "Pinned-Dependencies"
    """

    code = "SUP101"
    name = "piped-to-shell"
    severity = Severity.WARNING
    aliases = ("DF021",)
    keywords = frozenset({"RUN"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Interpreters that read what a download gives them."""
        commands = context.build.commands(node)
        if verifies(node, context.build):
            return
        for command in commands:
            fetcher = _fetched(command)
            if fetcher is not None:
                message = f"what `{fetcher}` gets is run as it comes, with the rights of the build"
                yield self.at(command.name_span, message)


def _fetched(command: Command) -> str | None:
    """The program from whose download an interpreter takes its script."""
    if command.name in _INTERPRETERS and _reads_input(command):
        source = command.piped_from
        while source is not None:
            if source.name in FETCHERS:
                return source.name
            source = source.piped_from
    if command.name in _INTERPRETERS | {"eval"}:
        match = next((found for arg in command.args if (found := _FETCHING.search(arg.raw))), None)
        if match is not None:
            return "curl" if "curl" in match[0] else "wget"
    return None


def _reads_input(command: Command) -> bool:
    """Whether a pipe into the program is its script, not its data."""
    if command.has("-c", "-m", "-e", "-r", "-n", "-p"):
        return command.name in SHELLS and not command.has("-c")
    operands = command.operands("-o", "-O")
    return not operands or operands[0].text in ("-", "/dev/stdin") or command.has("-s")
