"""SUP108 moving-download."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.command import Command
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._download import downloads
from jettison.lint.rules._script import following
from jettison.lint.rules._trust import verifies
from jettison.lint.syntax import Instruction, Transfer

_MOVING: Final = re.compile(
    r"(?:/|=|-|_)(?:latest|nightly|snapshot|HEAD)(?:[/.?_-]|\Z)|(?<!/pool)(?<!/archive)/(?:refs/heads/)?(?:master|main|develop|trunk)(?:/|\.(?:zip|tar\.gz)\Z)",
)
_MOVING_REF: Final = frozenset({"master", "main", "develop", "dev", "trunk", "HEAD", "latest", "nightly"})
_FIXING: Final = frozenset({"checkout", "reset", "switch", "fetch"})


class MovingDownload(Rule):
    """Flags downloads whose content changes while their address stays: `latest`, branches.

    ## What it does
    Looks for addresses with `latest`, `nightly` or a branch in them in `curl`, `wget` and ADD; for
    `git clone` without a commit, tag or following `git checkout`; for ADD of a repository without `#ref`.

    ## Why is this bad?
    The same Dockerfile gives another image each time, and breaks on a day when nobody touched it. The cache
    makes it worse: it knows the address only and goes on with the file of last month.

    ## Example
    ```dockerfile
    RUN git clone https://github.com/example/tool.git /opt/tool
    ```

    ## Use instead
    ```dockerfile
    RUN git clone --branch v1.4.2 --depth 1 https://github.com/example/tool.git /opt/tool
    ```

    ## When to ignore
    In images that are there to build what is newest, such as fuzzers.

    ## Sources
    - OpenSSF Scorecard, "Pinned-Dependencies"; Dockerfile reference, `ADD <git repo>`
    """

    code = "SUP108"
    name = "moving-download"
    severity = Severity.INFO
    keywords = frozenset({"ADD"})
    programs = frozenset({"curl", "wget", "git"})

    def command(self, command: Command, context: Context) -> Iterator[Finding]:
        """Downloads and clones in RUN."""
        if command.name == "git":
            if _moves(command, context):
                yield self.at(
                    command.span, "this clone is another one each day; nothing names a commit or tag"
                )
            return
        if verifies(command.instruction, context.build):
            return
        for item in downloads(command):
            match = _MOVING.search(item.url.text)
            if match is not None and not item.url.text.endswith((".asc", ".gpg", ".key", ".txt")):
                moving = match[0].strip("/=-_.?")
                yield self.at(
                    item.url.span, f"what is behind `{moving}` changes, the address and the cache do not"
                )

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Repositories and addresses of ADD."""
        if not isinstance(node, Transfer) or node.flag("checksum") is not None:
            return
        for source in node.sources:
            text = source.text
            repository = re.match(
                r"(?:git@|https?://|git://|ssh://).*\.git(?:#(?P<ref>[^:]*)|\?(?P<query>.*))?", text
            )
            if repository is not None:
                if _names_branch(repository["ref"], repository["query"] or ""):
                    yield self.at(
                        source.span, "this repository is another one each day; nothing names a commit or tag"
                    )
            elif re.match(r"https?://", text) and _MOVING.search(text):
                yield self.at(source.span, "what is behind this address changes, the address does not")


def _names_branch(fragment: str | None, query: str) -> bool:
    """Whether the reference behind `#`, or in the query, is missing or a branch."""
    named = re.search(r"(?:\A|&)(?:ref|tag|branch|checksum|commit)=([^&]+)", query)
    return ((named[1] if named else fragment) or "HEAD") in _MOVING_REF


def _moves(command: Command, context: Context) -> bool:
    if command.words[:1] != ["clone"]:
        return False
    branch = command.option_value("-b", "--branch", "--revision")
    if branch is not None:
        return branch.value in _MOVING_REF
    for item in following(command, context.build):
        if item.name == "git" and _FIXING.intersection(item.words):
            return False
    return True
