"""BAS111 invalid-image-name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.fix import Applicability, Fix, Scope, replace
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.syntax import From, Instruction


class InvalidImageName(Rule):
    """Flags names that no image can have.

    ## What it does
    Compares the image of FROM, with arguments filled in, with the grammar of image references: small
    letters in the name, a tag of at most 128 letters, digits, `_`, `.` and `-`. Silent where a variable is
    not known.

    ## Why is this bad?
    The builder refuses it.

    ## Example
    ```dockerfile
    FROM Debian:12.5
    ```

    ## Use instead
    ```dockerfile
    FROM debian:12.5
    ```

    ## When to ignore
    For templates that become a Dockerfile only when a program has filled them in.

    ## Fix safety
    Unsafe: the name is written in small letters, which may not be the image that was meant.

    ## Sources
    - the grammar in `distribution/reference`; Dockerfile reference, FROM
    """

    code = "BAS111"
    name = "invalid-image-name"
    severity = Severity.ERROR
    fixable = Applicability.UNSAFE
    keywords = frozenset({"FROM"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """A name that the builder cannot read."""
        stage = context.build.stage_of(node)
        if not isinstance(node, From) or node.image is None or stage is None or stage.base is None:
            return
        text = stage.base.text
        if not _REFERENCE.match(text) and "{{" not in text and "$" not in node.image.text:
            lower = text.lower()
            edits = (replace(node.image.span, lower),)
            fix = Fix(f"write {lower}", edits, Applicability.UNSAFE, Scope.CONFIG)
            valid = bool(_REFERENCE.match(lower)) and lower != text
            yield self.at(
                node.image.span, f"`{text}` cannot be the name of an image", fix=fix if valid else None
            )


_PART: Final = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST: Final = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]+\])(?::\d+)?"
_REFERENCE: Final = re.compile(
    rf"(?:{_HOST}/)?{_PART}(?:/{_PART})*(?::\w[\w.-]{{0,127}})?"
    r"(?:@[A-Za-z][A-Za-z0-9+._-]*:[0-9a-fA-F]{32,})?\Z"
)
