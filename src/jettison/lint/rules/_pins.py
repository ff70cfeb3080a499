"""Packages without a version: what rules about pins have in common."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from jettison.lint.packages import Action, Kind, Package, Verb
from jettison.lint.rule import Context, Finding, Rule

_OPEN: Final = re.compile(
    r"\s*(?:(?:>=?|!=)[^,]*,?)+\Z|@latest\Z|@next\Z|@\Z|@main\Z|@master\Z|:latest\Z|=\*\Z"
)
"""Versions that leave open what is taken: lower bounds, tags that move."""


class Unpinned(Rule):
    """Base of the rules about packages that are installed in whatever version there is."""

    verbs: ClassVar[frozenset[Verb]] = frozenset({Verb.INSTALL})

    def action(self, action: Action, context: Context) -> Iterator[Finding]:
        """Packages whose version is left open."""
        if action.verb not in self.verbs or self.settled(action, context):
            return
        for package in action.packages:
            if package.kind is Kind.NAME and self.is_open(package):
                yield self.at(package.arg.span, f"`{package.name}` comes in whatever version is the newest")

    def settled(self, action: Action, context: Context) -> bool:
        """Whether something else than the names says which versions are taken."""
        return action.command.has("--help", "--version")

    def is_open(self, package: Package) -> bool:
        """Whether the version of a package is left open."""
        return package.version is None or _OPEN.match(package.version) is not None
