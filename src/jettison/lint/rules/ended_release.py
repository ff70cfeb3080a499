"""BAS109 ended-release."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from jettison.lint.bases import BaseName
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._images import CODENAMES, ENDED, base_of, official, version_of
from jettison.lint.syntax import From, Instruction


class EndedRelease(Rule):
    """Flags base images whose release is no longer looked after.

    ## What it does
    Compares the version of common official images (Alpine, Debian, Ubuntu, CentOS, Fedora, Python, Node.js,
    PHP, Ruby, Go, PostgreSQL) with a small table of releases that have ended, and tags with the code names
    of ended Debian and Ubuntu releases.

    ## Why is this bad?
    Nobody repairs vulnerabilities in it any more, whatever their number. Package servers move its packages
    to an archive, and the build fails one day.

    ## Example
    ```dockerfile
    FROM python:3.7.17-slim-buster
    ```

    ## Use instead
    ```dockerfile
    FROM python:3.12.4-slim-bookworm
    ```

    ## When to ignore
    With support that is paid for.

    ## Sources
    - the release pages of the projects; endoflife.date
    """

    code = "BAS109"
    name = "ended-release"
    severity = Severity.WARNING
    keywords = frozenset({"FROM"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """A release of the table, or older."""
        base = base_of(node, context)
        if base is None or not isinstance(node, From) or node.image is None:
            return
        last = _ended(base)
        if last is not None:
            when = f"{last:%B %Y} at the latest"
            yield self.at(node.image.span, f"`{base.text}` has been without security updates since {when}")


def _ended(base: BaseName) -> date | None:
    """When the release had ended for sure; None if it had not, or is not known."""
    name = official(base)
    if name is None:
        return None
    words = re.split(r"[-_.]", (base.tag or "").lower())
    by_name = next((CODENAMES[word] for word in words if word in CODENAMES), None)
    end, version = ENDED.get(name), version_of(base)
    if by_name is not None or end is None or version is None or version[0] >= 1900:
        return by_name
    if version < end.below[: len(version)]:
        return end.last
    alpine = re.search(r"alpine(\d+)\.(\d+)", base.tag or "")
    if alpine and (int(alpine[1]), int(alpine[2])) < ENDED["alpine"].below:
        return ENDED["alpine"].last
    return None
