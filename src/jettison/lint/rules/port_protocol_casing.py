"""MET107 port-protocol-casing."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.fix import Applicability, Fix, Scope, replace
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.syntax import Instruction


class PortProtocolCasing(Rule):
    """Flags EXPOSE with a protocol in capitals.

    ## What it does
    Looks for `/TCP`, `/UDP` and `/SCTP` in EXPOSE.

    ## Why is this bad?
    The builder writes it in small letters; some tools that read Dockerfiles do not understand it otherwise.

    ## Example
    ```dockerfile
    EXPOSE 53/UDP
    ```

    ## Use instead
    ```dockerfile
    EXPOSE 53/udp
    ```

    ## When to ignore
    Never; the fix is free.

    ## Fix safety
    Safe: the builder reads both alike.

    ## Sources
    - BuildKit ExposeProtoCasing
    """

    code = "MET107"
    name = "port-protocol-casing"
    severity = Severity.STYLE
    aliases = ("ExposeProtoCasing",)
    fixable = Applicability.SAFE
    keywords = frozenset({"EXPOSE"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """A protocol with capitals."""
        for word in node.words:
            port, slash, protocol = word.text.partition("/")
            if slash and "$" not in protocol and protocol != protocol.lower():
                text = f"{port}/{protocol.lower()}"
                fix = Fix(f"write {text}", (replace(word.span, text),), scope=Scope.CONFIG)
                yield self.at(word.span, f"the protocol is called `{protocol.lower()}`", fix=fix)
