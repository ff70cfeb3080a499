"""IGN101 unused-ignore."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from jettison.lint.fix import Applicability, Fix, Scope, delete
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.source import Span
from jettison.lint.suppress import Ignore


class UnusedIgnore(Rule):
    """Flags an ignore comment that takes nothing away.

    ## What it does
    Looks for ignore comments (ours, and those of hadolint, BuildKit, checkov and trivy) for rules that
    ran and found nothing where the comment works. Names of rules that only other tools have are left
    alone.

    ## Why is this bad?
    It says that something is wrong that is not, and will hide the next real finding in the same place.

    ## Example
    ```dockerfile
    # hadolint ignore=DL3014
    RUN apt-get update
    ```

    ## Use instead
    ```dockerfile
    RUN apt-get update
    ```

    ## When to ignore
    When another version of the same tool still needs the comment.

    ## Fix safety
    A comment is removed if nothing else stands in it. Safe for ours, unsafe for those of other tools, which
    may find there what we do not.

    ## Sources
    - ruff RUF100, eslint `--report-unused-disable-directives`
    """

    code = "IGN101"
    name = "unused-ignore"
    severity = Severity.INFO
    fixable = Applicability.SAFE

    def ignores(self, found: Sequence[Ignore], ran: frozenset[str], context: Context) -> Iterator[Finding]:
        """Names that no finding needed."""
        names = Counter(id(ignore.comment) for ignore in found)
        for ignore in found:
            codes = ignore.codes & ran
            if ignore.used or not codes or self.code in codes:
                continue
            fix = _remove(ignore, context) if names[id(ignore.comment)] == 1 else None
            yield self.at(ignore.span, f"nothing here needs `{ignore.name}` to be ignored", fix=fix)


def _remove(ignore: Ignore, context: Context) -> Fix | None:
    if ignore.comment is None:
        return None
    line: Span = context.source.line_span(ignore.comment.line)
    rights = Applicability.SAFE if ignore.own else Applicability.UNSAFE
    return Fix("remove the comment", (delete(line),), rights, Scope.SPELLING)
