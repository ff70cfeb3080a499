"""SYN109 from-as-casing."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.fix import Applicability, Fix, Scope, replace
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.syntax import From, Instruction


class FromAsCasing(Rule):
    """Flags `FROM … as` in which one word is in capitals and the other is not.

    ## What it does
    Compares the case of FROM and of its AS.

    ## Why is this bad?
    The builder does not care; the name of the stage is easier to see when both words look the same.

    ## Example
    ```dockerfile
    FROM debian:12.5 as build
    ```

    ## Use instead
    ```dockerfile
    FROM debian:12.5 AS build
    ```

    ## When to ignore
    Never; the fix is free.

    ## Fix safety
    Safe: AS means the same in either case.

    ## Sources
    - BuildKit FromAsCasing
    """

    code = "SYN109"
    name = "from-as-casing"
    severity = Severity.STYLE
    aliases = ("FromAsCasing",)
    fixable = Applicability.SAFE
    keywords = frozenset({"FROM"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """AS in another case than FROM; a FROM of mixed case is left to `instruction-casing`."""
        if not isinstance(node, From) or node.as_word is None:
            return
        keyword = context.source.slice(node.keyword_span)
        wanted = "as" if keyword.islower() else "AS"
        if node.as_word.text != wanted and (keyword.islower() or keyword.isupper()):
            fix = Fix(f"write {wanted}", (replace(node.as_word.span, wanted),), scope=Scope.SPELLING)
            yield self.at(node.as_word.span, f"`{node.as_word.text}` and `{keyword}` differ in case", fix=fix)
