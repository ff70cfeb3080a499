"""SYN104 argument-count."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.syntax import Healthcheck, Instruction, Onbuild, Transfer


class ArgumentCount(Rule):
    """Flags instructions with too few or too many arguments.

    ## What it does
    Reports what BuildKit refuses: FROM that is not `image` or `image AS name`, COPY and ADD without a
    destination, SHELL without a JSON array, HEALTHCHECK that is neither `CMD …` nor `NONE`, and
    instructions without the argument that they need.

    ## Why is this bad?
    The image cannot be built.

    ## Example
    ```dockerfile
    COPY app.py
    ```

    ## Use instead
    ```dockerfile
    COPY app.py /srv/
    ```

    ## When to ignore
    For templates that become a Dockerfile only when a program has filled them in.

    ## Sources
    - hadolint DL1000, slim ID.20004, ID.20005, ID.20014, ID.20016
    - BuildKit, `frontend/dockerfile/instructions`
    """

    code = "SYN104"
    name = "argument-count"
    severity = Severity.ERROR
    aliases = ("DL1000", "ID.20004", "ID.20005", "ID.20014", "ID.20016")

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """An instruction that BuildKit would not accept."""
        if node.problems:
            return
        message = _complaint(node)
        if message is not None:
            yield self.at(node.keyword_span, message)


_NEEDED: Final = {
    "ARG": "a name",
    "ENV": "a name and a value",
    "EXPOSE": "a port",
    "LABEL": "a key and a value",
    "MAINTAINER": "a name",
    "STOPSIGNAL": "a signal",
    "USER": "a user",
    "VOLUME": "a path",
    "WORKDIR": "a path",
}


def _complaint(node: Instruction) -> str | None:
    """What is wrong with the arguments; None if nothing is."""
    if isinstance(node, Healthcheck):
        return _healthcheck(node)
    if isinstance(node, Onbuild):
        return None if node.trigger is not None else "ONBUILD needs an instruction"
    if node.keyword == "FROM":
        return _from([word.text for word in node.words])
    if isinstance(node, Transfer):
        return None if node.destination is not None else f"{node.keyword} needs a source and a destination"
    if node.keyword == "SHELL" and (not node.json or not node.words):
        return "SHELL needs a JSON array of strings"
    if node.keyword in _NEEDED and not node.words:
        return f"{node.keyword} needs {_NEEDED[node.keyword]}"
    return None


def _from(words: list[str]) -> str | None:
    if len(words) == 1 or (len(words) == 3 and words[1].lower() == "as"):
        return None
    return "FROM takes `image` or `image AS name`" if words else "FROM needs an image"


def _healthcheck(node: Healthcheck) -> str | None:
    kind = node.type.text.upper() if node.type is not None else ""
    if kind == "NONE":
        return "HEALTHCHECK NONE takes nothing else" if len(node.words) > 1 else None
    if kind == "CMD":
        return None if len(node.words) > 1 else "HEALTHCHECK CMD needs a command"
    return "HEALTHCHECK takes `CMD` and a command, or `NONE`"
