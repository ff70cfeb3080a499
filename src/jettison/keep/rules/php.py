"""Keeps the extensions and settings of a PHP that runs, and the libraries that its code includes.

**What.** Where a PHP interpreter stays (command line, FPM, CGI, or a module of a web server): its extension
folder and its settings with the links in `conf.d`. Of the system's PHP libraries (`/usr/share/php`, PEAR) of
which one file is needed: the package's PHP files, and the packages of such libraries that it depends on. What
the application's own code includes from there by a constant name.

**Why.** Extensions are switched on by a link in a folder, autoloaders compute the names of classes, and
Composer's maps name files that no visitor asked for yet. (The application's own `vendor` stays with the
application's files.)

**Cost.** Some MB for extensions; the libraries that an extension needs come along.

**Sources.** php.net, "Configuration", `extension_dir`, `include_path`, PHP_INI_SCAN_DIR; getcomposer.org,
"Autoload".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from jettison.keep.binary import binary
from jettison.keep.rule import Keep, Rule
from jettison.layers.entry import Kind
from jettison.layers.path import encode_path, name
from jettison.packages.model import SYSTEM

if TYPE_CHECKING:
    from jettison.keep.context import Context
    from jettison.layers.tree import Node
    from jettison.packages.model import Package

_INTERPRETER: Final = re.compile(rb"(?:php|php-fpm|php-cgi|frankenphp|libphp)[\d.]*(?:\.so)?\Z")
_SOURCE: Final = re.compile(rb".*\.(?:php|phtml|inc)\Z")
_INCLUDES: Final = re.compile(rb"\b(?:include|require)(?:_once)?\b[\s(]*[\"']([\w./-]+)[\"']")
_LIBRARIES: Final = (b"usr/share/php", b"usr/share/pear", b"usr/local/lib/php")
_SETTINGS: Final = re.compile(rb"/etc/(?:php|php\.d)\b|/usr/local/etc/php\b|/etc/php[\d.]*")


class Php(Rule):
    """PHP's extensions, settings and installed libraries."""

    name = "php"

    def __init__(self) -> None:
        self._packages: set[str] = set()

    def visit(self, context: Context, node: Node) -> Iterable[Keep]:
        """What an interpreter, a library file or a source of the application brings."""
        if _INTERPRETER.match(name(node.path)) and context.elf(node.path) is not None:
            yield from _settings(context, node)
        elif _SOURCE.match(node.path):
            owner = context.inventory.owner(node.path)
            if owner is not None and owner.ecosystem in SYSTEM:
                yield from self._package(context, owner, node)
            elif owner is None and context.is_authored(node.path):
                yield from _included(context, node)

    def _package(self, context: Context, package: Package, cause: Node) -> Iterator[Keep]:
        todo = [package]
        while todo:
            package = todo.pop()
            if package.name in self._packages:
                continue
            self._packages.add(package.name)
            sources = [path for path in package.files if _is_library(path)]
            for path in sources:
                yield Keep(path, f"part of {package}, which is used", cause.path, follow=False)
            for needed in sorted(package.depends) if sources else ():
                todo += context.inventory.all_by_name(package.ecosystem, needed)


def _is_library(path: bytes) -> bool:
    return path.startswith(tuple(folder + b"/" for folder in _LIBRARIES))


def _settings(context: Context, node: Node) -> Iterator[Keep]:
    """The folders that are compiled into the interpreter: of settings, and of extensions."""
    for path in binary(context, node).paths:
        folder = context.folder(path)
        if folder is None:
            continue
        settings = _SETTINGS.match(path) is not None
        for child in context.below(folder.path) if settings else context.tree.children(folder.path):
            if child.kind is not Kind.DIR and (settings or _is_extension(folder.path, child.path)):
                yield Keep(child.path, "settings and extensions of PHP", node.path)


def _is_extension(folder: bytes, path: bytes) -> bool:
    return path.endswith(b".so") and b"php" in folder


def _included(context: Context, node: Node) -> Iterator[Keep]:
    for request in sorted(set(_INCLUDES.findall(context.read(node)))):
        for folder in _LIBRARIES:
            found = context.file(folder + b"/" + request)
            if found is not None:
                yield Keep(found.path, f"included as {encode_path(request)}", node.path)
