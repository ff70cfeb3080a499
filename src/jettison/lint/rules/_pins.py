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


_NAMED: Final = 2
"""Packages of a request whose names are told."""


class Unpinned(Rule):
    """Base of the rules about packages that are installed in whatever version there is."""

    verbs: ClassVar[frozenset[Verb]] = frozenset({Verb.INSTALL})

    def action(self, action: Action, context: Context) -> Iterator[Finding]:
        """Packages whose version is left open, those of one request together."""
        if action.verb not in self.verbs or self.settled(action, context):
            return
        found = [item for item in self.named(action) if item.kind is Kind.NAME and self.is_open(item)]
        if found:
            verb = "comes" if len(found) == 1 else "come"
            message = f"{_listed(found)} {verb} in whatever version is the newest"
            yield self.at(found[0].arg.span, message)

    def named(self, action: Action) -> tuple[Package, ...]:
        """The packages among what stands behind the subcommand: all of it."""
        return action.packages

    def settled(self, action: Action, context: Context) -> bool:
        """Whether something else than the names says which versions are taken."""
        return action.command.has("--help", "--version")

    def is_open(self, package: Package) -> bool:
        """Whether the version of a package is left open."""
        return package.version is None or _OPEN.match(package.version) is not None


def _listed(packages: list[Package]) -> str:
    """The first two names, and how many more there are."""
    names = [f"`{package.name}`" for package in packages]
    if len(names) <= _NAMED:
        return " and ".join(names)
    return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"
