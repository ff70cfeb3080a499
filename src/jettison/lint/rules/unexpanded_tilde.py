"""VAR110 unexpanded-tilde."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.syntax import Instruction, KeyValue, Transfer, Word


class UnexpandedTilde(Rule):
    """Flags `~` outside of a shell.

    ## What it does
    Looks for `~/…` in ENV, WORKDIR and the destination of COPY and ADD.

    ## Why is this bad?
    Only a shell replaces `~`. The builder makes a folder that is called `~`, and programs look for their
    path in it.

    ## Example
    ```dockerfile
    COPY .vimrc ~/.vimrc
    ```

    ## Use instead
    ```dockerfile
    COPY .vimrc /root/.vimrc
    ```

    ## When to ignore
    For variables whose program replaces `~` itself.

    ## Sources
    - Dockerfile reference, "Environment replacement"; moby/moby#28971
    """

    code = "VAR110"
    name = "unexpanded-tilde"
    severity = Severity.ERROR
    keywords = frozenset({"ENV", "WORKDIR", "COPY", "ADD"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """A home folder that stays a tilde."""
        for word in _paths(node):
            if _TILDE.match(word.text):
                message = f"{node.keyword} does not replace `~`: this is a folder of that name"
                yield self.at(word.span, message)


_TILDE: Final = re.compile(r"[\"']?(?:[^\"'\s]*:)?~(?:/|\Z|[\"':])")


def _paths(node: Instruction) -> Iterator[Word]:
    if isinstance(node, KeyValue):
        yield from (pair.value for pair in node.pairs if pair.value is not None)
    elif isinstance(node, Transfer):
        if node.destination is not None:
            yield node.destination
    else:
        yield from node.words[:1]
