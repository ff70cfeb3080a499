"""Keeps Erlang applications whole once one of their modules is used, with those that they depend on.

**What.** Of a folder `lib/NAME-VERSION` (or `lib/NAME`) with `ebin/NAME.app`, of which one file is needed:
its modules and `priv`, and the same of the applications that `NAME.app` lists. The start scripts (`*.boot`)
and `erts` of the same installation.

**Why.** The virtual machine loads a module when it is first called, by its name: a crash report, a TLS
connection, a remote shell.

**Cost.** 10 to 30 MB. Left out: sources, headers, documentation, examples.

**Sources.** erlang.org, app(4), code(3), "Release Structure".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from jettison.keep.rule import Keep, Rule
from jettison.layers.entry import Kind
from jettison.layers.path import name

if TYPE_CHECKING:
    from jettison.keep.context import Context
    from jettison.layers.tree import Node

_APPLICATION: Final = re.compile(
    rb"(?P<root>(?:.*/)?lib/)(?P<folder>(?P<name>[a-z][\w]*)(?:-\d[\w.+-]*)?)/(?:ebin|priv)/"
)
_LISTED: Final = re.compile(rb"\{\s*(?:included_|optional_)?applications\s*,\s*\[([^\]]*)\]")
_NOT_RUN: Final = re.compile(rb"(?:src|include|doc|docs|examples|test|emacs)\Z")


class Erlang(Rule):
    """Applications of Erlang and Elixir."""

    name = "erlang"

    def __init__(self) -> None:
        self._whole: set[bytes] = set()

    def visit(self, context: Context, node: Node) -> Iterable[Keep]:
        """The application that a kept module belongs to."""
        match = _APPLICATION.match(node.path)
        if match is not None:
            yield from self._application(context, match["root"], match["folder"], node)

    def _application(self, context: Context, root: bytes, folder: bytes, cause: Node) -> Iterator[Keep]:
        todo = [folder]
        while todo:
            folder = todo.pop()
            own = name(folder).partition(b"-")[0]
            description = context.text(b"%s%s/ebin/%s.app" % (root, folder, own))
            if not description or root + folder in self._whole:
                continue
            self._whole.add(root + folder)
            yield from _modules(context, root + folder, cause)
            listed = b",".join(_LISTED.findall(description)).split(b",")
            todo += [each for needed in listed for each in _folders(context, root, needed.strip())]


def _modules(context: Context, folder: bytes, cause: Node) -> Iterator[Keep]:
    for child in context.tree.children(folder):
        if child.kind is Kind.DIR and not _NOT_RUN.match(name(child.path)):
            for node in context.below(child.path):
                yield Keep(node.path, "part of an application of Erlang that is used", cause.path)


def _folders(context: Context, root: bytes, application: bytes) -> list[bytes]:
    """The folders of an application, by version, newest last; loaded is what the code path names, so all
    stay."""
    names = context.tree.names(context.tree.resolve(root.rstrip(b"/")).path)
    pattern = re.compile(re.escape(application) + rb"(?:-\d[\w.+-]*)?\Z")
    return [each for each in names if application and pattern.match(each)]
