"""SUP103 remote-add-without-checksum."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jettison.lint.fix import Fix, Scope, insert
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.syntax import Instruction, Transfer


class RemoteAddWithoutChecksum(Rule):
    r"""Flags ADD of an address without `--checksum`.

    ## What it does
    Looks for ADD whose source is `http://` or `https://` and that has no `--checksum`. Git repositories are
    the matter of `moving-download`. With `--pin` the file is downloaded, and `--fix` writes its checksum
    down.

    ## Why is this bad?
    Nothing says what the file should be, so a replaced one goes into the image unnoticed. With the checksum
    BuildKit also knows without asking the server that its cache is right.

    ## Example
    ```dockerfile
    ADD https://example.org/v1.2/tool.tar.gz /opt/
    ```

    ## Use instead
    ```dockerfile
    ADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d \
        https://example.org/v1.2/tool.tar.gz /opt/
    ```

    ## When to ignore
    When the newest file is wanted, whatever it is.

    ## Sources
    - Dockerfile reference, `ADD --checksum`; KICS "Add Instead of Copy"
    - dockle CIS-DI-0009
    """

    code = "SUP103"
    name = "remote-add-without-checksum"
    severity = Severity.WARNING
    keywords = frozenset({"ADD"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Addresses of files."""
        if not isinstance(node, Transfer) or node.flag("checksum") is not None:
            return
        for source in node.sources:
            text = context.build.expand(source.text, node) or source.text
            if re.match(r"https?://", text) and not re.search(r"\.git(?:#|\Z)", text):
                yield self.at(
                    source.span,
                    "nothing checks that the file behind this address is what was meant",
                    fix=_checked(node, text, context),
                )


def _checked(node: Transfer, address: str, context: Context) -> Fix | None:
    """The checksum of what the server sends now, if it may be asked and the file is the only source."""
    pins = context.settings.pins
    if pins is None or len(node.sources) != 1:
        return None
    checksum = pins.of_address(address)
    if checksum is None:
        return None
    place = node.keyword_span.end
    return Fix("say its checksum", (insert(place, f" --checksum={checksum}"),), scope=Scope.CONFIG)
