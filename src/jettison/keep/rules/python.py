"""Keeps the Python code that the application can reach.

**What.** Where Python runs: its standard library with the compiled modules, without tests, tools and what
needs a screen. From the application's own sources: the packages that they import, wherever the import
stands, by constants given to functions that import, or by dotted names in strings. Of a distribution of
which one file is needed: all its files, its metadata and bundled libraries, the distributions that it
requires, and those that its own sources import.

**Why.** Imports in functions are common, optional dependencies are imported by name, and package data is
found by code that nobody exercised.

**Cost.** 15 to 20 MB for the standard library, and whole distributions. Left out: tests, byte code that the
run did not use, type stubs, headers and sources of what was compiled; tools that install packages, unless
the application itself or a requirement asks for them.

**Sources.** docs.python.org, "The import system", site, importlib; packaging.python.org, core metadata,
RECORD.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from jettison.keep.facts import FactKind
from jettison.keep.languages.python import Imports, ModulePath, absolute, imports_of
from jettison.keep.rule import Keep, Rule
from jettison.layers.entry import Kind
from jettison.layers.path import encode_path, name, parent
from jettison.packages.model import SYSTEM, Ecosystem

if TYPE_CHECKING:
    from jettison.keep.context import Context
    from jettison.layers.tree import Node
    from jettison.packages.model import Package

_INTERPRETER: Final = re.compile(rb"(?:python|libpython)(3\.\d+)(?:d|m)?(?:\.so(?:\.[\d.]+)?)?\Z")
_SITES: Final = (b"site-packages", b"dist-packages")
_INSTALLERS: Final = frozenset((b"pip", b"setuptools", b"pkg_resources", b"_distutils_hack", b"wheel"))
_NOT_RUN: Final = frozenset(
    b"__pycache__ test tests idlelib idle_test lib2to3 turtledemo tkinter ensurepip pydoc_data "
    b"site-packages dist-packages".split()
)
"""Folders of the standard library that no server and no job runs."""
_TESTS: Final = frozenset((b"__pycache__", b"tests"))
_UNUSED: Final = re.compile(
    rb".*\.(?:pyc|pyi|pyx|pxd|pxi|c|cc|cpp|h|hpp|f90?|o|a|lib|exe)\Z|.*/(?:conftest|turtle)\.py\Z", re.DOTALL
)
_IMPORTS: Final = FactKind("python-imports", 1, Imports)


class PythonCode(Rule):
    """Standard library and distributions of Python."""

    name = "python"

    def __init__(self) -> None:
        self._interpreters: dict[bytes, Node] = {}
        self._waiting: list[Node] = []
        self._places: _Places | None = None
        self._whole: set[bytes] = set()

    def visit(self, context: Context, node: Node) -> Iterable[Keep]:
        """Notes interpreters, and modules; what they lead to is known once the interpreters are."""
        match = _INTERPRETER.match(name(node.path))
        if match is not None and node.mode & 0o444:
            if match[1] not in self._interpreters:
                self._interpreters[match[1]] = node
                self._places = None
        elif _is_module(context, node):
            self._waiting.append(node)
        return ()

    def settle(self, context: Context) -> Iterable[Keep]:
        """The standard library of new interpreters, and what the modules that were kept since lead to."""
        if not self._interpreters:
            return
        if self._places is None:
            self._places = _Places(context, self._interpreters)
            yield from self._places.standard_library()
        waiting, self._waiting = self._waiting, []
        for node in waiting:
            yield from self._follow(context, self._places, node)

    def _follow(self, context: Context, places: _Places, node: Node) -> Iterator[Keep]:
        if places.is_standard(node.path) or b"/_distutils_hack/" in node.path:
            return  # the hack is loaded at every start, to stand by for what setuptools may do
        site = places.site_of(node.path)
        if site is not None:
            yield from self._distribution(context, places, node, site)
        if node.path.endswith((b".so", b".pyc")):
            return
        found = context.facts.get(_IMPORTS, node, lambda each: imports_of(context.read(each)))
        package = b"" if site is None else parent(node.path[len(site) + 1 :]).replace(b"/", b".")
        for module in (*found.modules, *found.constants):
            wanted = absolute(module, package) if module.startswith(b".") else module
            if wanted is None or (site is not None and wanted.split(b".")[0] in _INSTALLERS):
                continue
            for path in places.find(wanted):
                yield Keep(path, f"imported as {encode_path(module)}", node.path)

    def _distribution(self, context: Context, places: _Places, node: Node, site: bytes) -> Iterator[Keep]:
        """The rest of what was installed together with `node`."""
        owner = next((each for each in context.inventory.owners(node.path) if _is_python(each)), None)
        key = node.path if owner is None else owner.location
        top = site + b"/" + node.path[len(site) + 1 :].split(b"/")[0]
        if owner is None and context.folder(top) is not None:
            key = top
        if key in self._whole:
            return
        self._whole.add(key)
        if owner is None:
            files = [each.path for each in context.below(top) if each.kind is not Kind.DIR]
            yield from (
                Keep(path, "part of a package that is used", node.path) for path in files if _stays(path)
            )
            return
        for path in owner.files:
            if _stays(path):
                yield Keep(path, f"part of {owner}, which is used", node.path, follow=False)
        for needed in owner.depends:
            for other in context.inventory.all_by_name(owner.ecosystem, needed):
                modules = (
                    path for path in other.files if path.endswith((b".py", b".so")) and places.site_of(path)
                )
                for path in list(modules)[:1]:
                    yield Keep(path, f"part of {other}, which {owner} requires", node.path)


class _Places:
    """Where the interpreters of one image look for modules."""

    def __init__(self, context: Context, interpreters: dict[bytes, Node]) -> None:
        self._context = context
        self._interpreters = interpreters
        self.standard: dict[bytes, Node] = {}
        """Folder of a standard library → its interpreter."""
        sites: dict[bytes, None] = {}
        for version, node in interpreters.items():
            for prefix in self._prefixes():
                library = prefix + b"/lib/python" + version
                folder = context.folder(library)
                if folder is not None and context.file(folder.path + b"/os.py") is not None:
                    self.standard[folder.path] = node
                for base in (library, prefix + b"/lib/python3", prefix + b"/lib64/python" + version):
                    for site in _SITES:
                        found = context.folder(base + b"/" + site)
                        if found is not None:
                            sites[found.path] = None
        extra = context.environment.get(b"PYTHONPATH", b"").split(b":")
        own = [context.folder(each) for each in extra if each.startswith(b"/")]
        self.sites = [*dict.fromkeys(each.path for each in own if each is not None), *sites]
        self._modules = ModulePath(context.tree, self.sites)

    def _prefixes(self) -> Iterator[bytes]:
        """Installations and virtual environments: where PATH has programs, beside what ran, and the usual
        places."""
        seen: dict[bytes, None] = {}
        for folder in self._context.search_path:
            seen[parent(folder.strip(b"/"))] = None
        for path in self._context.executed:
            seen[parent(parent(path))] = None
        for node in self._interpreters.values():
            seen[parent(parent(node.path))] = None
        for link in self._context.plan:
            if name(link).startswith(b"python") and parent(link).endswith(b"bin"):
                seen[parent(parent(link))] = None
        yield from dict.fromkeys((*seen, b"usr/local", b"usr"))

    def standard_library(self) -> Iterator[Keep]:
        """Its files."""
        for folder, interpreter in self.standard.items():
            todo = [folder]
            while todo:
                for child in self._context.tree.children(todo.pop()):
                    last = name(child.path)
                    if child.kind is Kind.DIR:
                        if last not in _NOT_RUN and not last.startswith(b"config-"):
                            todo.append(child.path)
                    elif not _UNUSED.match(child.path):
                        yield Keep(child.path, "Python's standard library", interpreter.path)

    def is_standard(self, path: bytes) -> bool:
        """Whether `path` is a module of a standard library."""
        return self.site_of(path) is None and any(path.startswith(each + b"/") for each in self.standard)

    def site_of(self, path: bytes) -> bytes | None:
        """The folder of installed packages that `path` lies in."""
        return next((each for each in self.sites if path.startswith(each + b"/")), None)

    def find(self, module: bytes) -> tuple[bytes, ...]:
        """The files that importing `module` runs, if it is installed; the application's own are kept
        anyway."""
        return self._modules.find(module)


def _is_module(context: Context, node: Node) -> bool:
    if node.path.endswith((b".py", b".pyc")):
        return True
    if node.path.endswith(b".so"):
        return any(b"/" + site + b"/" in node.path for site in _SITES)
    if not node.mode & 0o111 or not context.is_application_program(node):
        return False
    head = context.head(node)
    return head.startswith(b"#!") and b"python" in head.split(b"\n", 1)[0]


def _is_python(package: Package) -> bool:
    return package.ecosystem is Ecosystem.PYPI or package.ecosystem in SYSTEM


def _stays(path: bytes) -> bool:
    return _TESTS.isdisjoint(path.split(b"/")) and not _UNUSED.match(path)
