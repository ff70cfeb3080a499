"""SYN113 misleading-character."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.source import BOM, Span


class MisleadingCharacter(Rule):
    """Flags characters that do not look like what they are.

    ## What it does
    Looks for control characters that turn the direction of the text, for invisible ones (zero-width
    space, soft hyphen), and for no-break spaces.

    ## Why is this bad?
    With the first kind a line is shown in another order than it is read, so that a review approves what it
    does not see (CVE-2021-42574). The others come with text copied from web pages: a shell takes a
    no-break space for a letter, so `echo\u00a0x` is a program that nobody has.

    ## Example
    ```dockerfile
    RUN echo\u00a0hello
    ```

    ## Use instead
    ```dockerfile
    RUN echo hello
    ```

    ## When to ignore
    In text for people that is written from right to left, or joins emoji.

    ## Sources
    - CVE-2021-42574 ("Trojan Source"); Unicode Standard Annex 9
    """

    code = "SYN113"
    name = "misleading-character"
    severity = Severity.WARNING

    def file(self, context: Context) -> Iterator[Finding]:
        """Each such character, once a line for each kind."""
        text = context.source.text
        if text.isascii():
            return
        seen: set[tuple[int, str]] = set()
        for match in _CHARACTERS.finditer(text, len(BOM) if text.startswith(BOM) else 0):
            line = context.source.position(match.start()).line
            if (line, match[0]) not in seen:
                seen.add((line, match[0]))
                name = unicodedata.name(match[0], f"U+{ord(match[0]):04X}").lower()
                yield self.at(Span(match.start(), match.end()), f"a character that misleads: {name}")


_CHARACTERS: Final = re.compile(
    "[\u00a0\u00ad\u200b\u200e\u200f\u202a-\u202e\u202f\u2060\u2066-\u2069\ufeff]"
)
