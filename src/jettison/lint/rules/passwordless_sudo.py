"""USR106 passwordless-sudo."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.source import Span
from jettison.lint.syntax import Instruction


class PasswordlessSudo(Rule):
    """Flags `NOPASSWD` in the rules of sudo.

    ## What it does
    Looks in stages that ship for `NOPASSWD` in RUN and in here-documents of COPY.

    ## Why is this bad?
    It makes USER a formality: the application's user, and whoever takes it over, is root with one word
    more.

    ## Example
    ```dockerfile
    RUN echo "app ALL=(ALL) NOPASSWD:ALL" > /etc/sudoers.d/app
    ```

    ## Use instead
    ```dockerfile
    USER root
    RUN apt-get update
    USER 10001
    ```

    ## When to ignore
    In images for people to work in (CI runners, development containers).

    ## Sources
    - sudoers(5); CIS Docker Benchmark 4.1
    """

    code = "USR106"
    name = "passwordless-sudo"
    severity = Severity.WARNING
    keywords = frozenset({"RUN", "COPY"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """The word, wherever it stands in the instruction."""
        if node.index < 0 or not context.ships(node):
            return
        place = context.source.slice(node.span).find("NOPASSWD")
        if place >= 0 and "NOPASSWD" in node.line.text + "".join(doc.text for doc in node.heredocs):
            start = node.span.start + place
            yield self.at(Span(start, start + 8), "the user of the container is root with one word more")
