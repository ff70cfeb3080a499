"""MET106 invalid-port."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.syntax import Instruction


class InvalidPort(Rule):
    """Flags EXPOSE of what is no port.

    ## What it does
    Looks, with variables filled in, for ports over 65535, for ports of the host (`80:80`), and for other
    protocols than tcp, udp and sctp.

    ## Why is this bad?
    The builder refuses a port out of range. EXPOSE only says where the container listens: the port of the
    host is given when it is run, and is dropped here.

    ## Example
    ```dockerfile
    EXPOSE 8080:80
    ```

    ## Use instead
    ```dockerfile
    EXPOSE 80
    ```

    ## When to ignore
    Never.

    ## Sources
    - hadolint DL3011, BuildKit ExposeInvalidFormat, trivy DS-0008
    """

    code = "MET106"
    name = "invalid-port"
    severity = Severity.ERROR
    aliases = ("DL3011", "ExposeInvalidFormat", "DS-0008", "DS008")
    keywords = frozenset({"EXPOSE"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Words that are no `port[-port][/protocol]`."""
        for word in node.words:
            text = context.build.expand(word.text, node)
            if text is None or not text:
                continue
            match = _PORT.match(text)
            if match is None:
                what = "a port of the host has no place in EXPOSE" if ":" in text else f"`{text}` is no port"
                yield self.at(word.span, what)
            elif any(int(part) > 65535 for part in match[1].split("-")):
                yield self.at(word.span, f"`{text}` is out of range: ports end at 65535")


_PORT: Final = re.compile(r"(\d{1,9}(?:-\d{1,9})?)(?:/(?:tcp|udp|sctp))?\Z", re.IGNORECASE)
