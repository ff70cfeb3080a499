"""SYN108 instruction-casing."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.fix import Applicability, Fix, Scope, replace
from jettison.lint.parser import KEYWORDS
from jettison.lint.rule import Context, Finding, Rule, Severity


class InstructionCasing(Rule):
    """Flags instructions that are written in another case than the others.

    ## What it does
    Looks at whether the file writes its instructions in capitals or in small letters, and reports those
    that differ from most, and those that mix both.

    ## Why is this bad?
    The builder does not care; readers and editors do: `Run` is easily read over.

    ## Example
    ```dockerfile
    run echo one
    ```

    ## Use instead
    ```dockerfile
    RUN echo one
    ```

    ## When to ignore
    Never; the fix is free.

    ## Fix safety
    Safe: instructions mean the same in either case.

    ## Sources
    - BuildKit ConsistentInstructionCasing; dockerfilelint `uppercase_commands`
    """

    code = "SYN108"
    name = "instruction-casing"
    severity = Severity.STYLE
    aliases = ("ConsistentInstructionCasing", "SelfConsistentCommandCasing", "FileConsistentCommandCasing")
    fixable = Applicability.SAFE

    def file(self, context: Context) -> Iterator[Finding]:
        """Keywords that differ from the majority; capitals win a draw."""
        spans = [node.keyword_span for node in context.dockerfile.instructions if node.keyword in KEYWORDS]
        words = [context.source.slice(span) for span in spans]
        lower = sum(map(str.islower, words)) > sum(map(str.isupper, words))
        for span, word in zip(spans, words, strict=True):
            wanted = word.lower() if lower else word.upper()
            if word != wanted:
                fix = Fix(f"write {wanted}", (replace(span, wanted),), scope=Scope.SPELLING)
                yield self.at(span, f"`{word}` is written in another case than the rest", fix=fix)
