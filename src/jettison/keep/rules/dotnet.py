"""Keeps the shared frameworks of .NET that run, and the native libraries that they load by computed names.

**What.** Of every framework below `shared/` of which one file is needed, that version whole; the host that
chooses it (`host/fxr`). ICU, unless the image switches globalisation to invariant, and OpenSSL, which the
frameworks look for under the names of several versions. (The application's own folder, with its `deps.json`,
stays with its files.)

**Why.** Assemblies are loaded when a method that uses one is first compiled: the first JSON body, the first
regular expression, the first TLS connection.

**Cost.** 70 MB for the base framework, 25 MB for ASP.NET Core, 35 MB for ICU. Left out: symbols and
documentation.

**Sources.** learn.microsoft.com, "Select the .NET version to use", "Globalization invariant mode";
dotnet/runtime, docs/design/features/host-components.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from jettison.keep.rule import Keep, Rule
from jettison.layers.entry import Kind
from jettison.layers.path import name, parent

if TYPE_CHECKING:
    from jettison.keep.context import Context
    from jettison.layers.tree import Node

_FRAMEWORK: Final = re.compile(rb"((?:.*/)?)shared/[^/]+/\d[^/]*")
_LIBRARIES: Final = re.compile(rb"lib(?:icu(?:data|i18n|uc)|ssl|crypto)\.so\.[\d.]+\Z")
_GLOBALISATION: Final = re.compile(rb".*/libSystem\.Globalization\.Native\.so\Z")
_NOT_RUN: Final = re.compile(rb".*\.(?:pdb|xml|md|dbg)\Z")


class DotNet(Rule):
    """Frameworks of .NET and what they load."""

    name = ".net"

    def __init__(self) -> None:
        self._frameworks: set[bytes] = set()

    def visit(self, context: Context, node: Node) -> Iterable[Keep]:
        """The framework of a kept file; native libraries, once something may ask for them."""
        framework = _FRAMEWORK.match(parent(node.path))
        if framework is not None and framework[0] not in self._frameworks:
            self._frameworks.add(framework[0])
            yield from _whole(context, framework[0], node)
            yield from _whole(context, framework[1] + b"host/fxr", node)
        if _GLOBALISATION.match(node.path):
            yield from _native(context, node)


def _whole(context: Context, folder: bytes, cause: Node) -> Iterator[Keep]:
    for child in context.below(folder):
        if child.kind is not Kind.DIR and not _NOT_RUN.match(child.path):
            yield Keep(child.path, "part of a framework that runs", cause.path)


def _native(context: Context, cause: Node) -> Iterator[Keep]:
    invariant = context.environment.get(b"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", b"").lower() in (
        b"1",
        b"true",
    )
    for folder in sorted(context.loader.search_folders):
        for child in context.tree.children(folder):
            last = name(child.path)
            if _LIBRARIES.match(last) and not (invariant and last.startswith(b"libicu")):
                yield Keep(child.path, "loaded by .NET under a name of its choice", cause.path)
