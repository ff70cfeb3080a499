"""MET112 invalid-label-key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.syntax import Instruction, KeyValue


class InvalidLabelKey(Rule):
    """Flags labels whose key is not as Docker asks for it.

    ## What it does
    Looks for keys with other characters than small letters, digits, `.`, `-` and `_`, that begin or end with
    something other than a letter or a digit, or that hold two separators in a row; and for the namespaces
    that Docker keeps for itself.

    ## Why is this bad?
    Tools that filter by label compare keys letter by letter, and some take no others.

    ## Example
    ```dockerfile
    LABEL Team=web
    ```

    ## Use instead
    ```dockerfile
    LABEL team=web
    ```

    ## When to ignore
    For a key that a tool asks for.

    ## Sources
    - hadolint DL3048
    - Docker documentation, "Docker object labels": key format recommendations
    """

    code = "MET112"
    name = "invalid-label-key"
    severity = Severity.STYLE
    aliases = ("DL3048",)
    keywords = frozenset({"LABEL"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Keys with variables filled in; silent where they are not known."""
        if not isinstance(node, KeyValue):
            return
        for pair in node.pairs:
            key = context.build.expand(pair.key.text, node)
            if key is not None and (not _KEY.match(key) or key.startswith(_RESERVED)):
                yield self.at(pair.key.span, f"`{key}` is no key as Docker recommends it")


_KEY: Final = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*\Z")
_RESERVED: Final = ("com.docker.", "io.docker.", "org.dockerproject.")
