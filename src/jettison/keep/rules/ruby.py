"""Keeps Ruby's standard library, and gems whole once one of their files is used.

**What.** Where a kept program is Ruby: the standard library and its compiled part, without the tools that
come with it (documentation generator, package manager's own commands, interactive shell). Of a gem, or a
package of the system with Ruby code, of which one file is needed: all its library files, its specification,
and the gems that the specification depends on.

**Why.** `autoload` and `require` in a method are idiomatic, encodings are loaded when a string asks for
them, and gems find each other by their specifications.

**Cost.** Some 15 MB. Left out of gems: tests, documentation, sources of what was compiled.

**Sources.** docs.ruby-lang.org, Kernel#require, Module#autoload; guides.rubygems.org/specification-reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from jettison.keep.languages.pruning import needed_files
from jettison.keep.rule import Keep, Rule
from jettison.layers.entry import Kind
from jettison.layers.path import name, parent
from jettison.packages.model import SYSTEM

if TYPE_CHECKING:
    from jettison.keep.context import Context
    from jettison.layers.tree import Node

_GEM: Final = re.compile(rb"(?P<root>.*/)gems/(?P<gem>[\w.-]+-\d[\w.]*)/")
_STANDARD: Final = re.compile(rb".*/ruby/\d+\.\d+\.\d+\Z")
_VERSION: Final = re.compile(rb"\d+\.\d+\.\d+\Z")
_TOOLS: Final = frozenset(b"rdoc ri irb irb.rb bundler bundler.rb debug rbs typeprof mkmf.rb".split())
_GEM_FOLDERS: Final = (
    b"var/lib/gems",
    b"usr/share/rubygems-integration",
    b"usr/lib/ruby/gems",
    b"usr/local/lib/ruby/gems",
    b"usr/local/bundle",
    b"usr/local/bundle/ruby",
)
_REQUIRES: Final = re.compile(rb"""\b(?:require|autoload\s*\(?\s*:\w+\s*,)\s*\(?\s*["']([\w./-]+)["']""")
_DEPENDS: Final = re.compile(rb"add_(?:runtime_)?dependency\(?\s*(?:%q<([\w.-]+)>|['\"]([\w.-]+)['\"])")


class Ruby(Rule):
    """The standard library and gems of Ruby."""

    name = "ruby"

    def __init__(self) -> None:
        self._gems: set[bytes] = set()
        self._owners: set[str] = set()
        self._libraries: tuple[bytes, ...] | None = None

    def visit(self, context: Context, node: Node) -> Iterable[Keep]:
        """The interpreter's library, the gem of a file, the requirements of the application's own code."""
        last = name(node.path)
        if last.startswith(b"libruby") and b".so" in last:
            yield from _standard(context, node)
        gem = _GEM.match(node.path)
        if gem is not None:
            yield from self._gem(context, gem["root"], gem["gem"], node)
        elif last.endswith(b".rb"):
            yield from self._source(context, node)

    def _source(self, context: Context, node: Node) -> Iterator[Keep]:
        owner = context.inventory.owner(node.path)
        if owner is None:
            for request in sorted(set(_REQUIRES.findall(context.read(node)))):
                yield from self._required(context, request, node)
        elif owner.ecosystem in SYSTEM and owner.name not in self._owners and b"/vendor_ruby/" in node.path:
            self._owners.add(owner.name)
            for path in owner.files:
                if b"ruby" in path and path.endswith((b".rb", b".so", b".gemspec")):
                    yield Keep(path, f"Ruby code of the package {owner.name}, which is used", node.path)

    def _required(self, context: Context, request: bytes, cause: Node) -> Iterator[Keep]:
        """A feature in the folders of the system's Ruby code, or the gem of that name."""
        for folder in self._folders(context):
            for ending in (b"", b".rb", b".so"):
                found = context.file(folder + b"/" + request + ending)
                if found is not None:
                    yield Keep(found.path, "required by name", cause.path)
        for root in _gem_roots(context):
            yield from self._named(context, root, request.split(b"/")[0], cause)

    def _gem(self, context: Context, root: bytes, gem: bytes, cause: Node) -> Iterator[Keep]:
        if gem in self._gems:
            return
        self._gems.add(gem)
        for node in needed_files(context.tree, root + b"gems/" + gem):
            yield Keep(node.path, "part of a gem that is used", cause.path, follow=False)
        for kind in (b"extensions", b"build_info"):
            for node in context.below(root + kind):
                if gem in node.path.split(b"/") and node.kind is not Kind.DIR:
                    yield Keep(node.path, "the compiled part of a gem that is used", cause.path)
        specification = root + b"specifications/" + gem + b".gemspec"
        yield Keep(specification, "the specification of a gem that is used", cause.path)
        for pair in _DEPENDS.findall(context.text(specification)):
            for other in _gem_roots(context):
                yield from self._named(context, other, pair[0] or pair[1], cause)

    def _named(self, context: Context, root: bytes, gem: bytes, cause: Node) -> Iterator[Keep]:
        """The newest installed version of `gem` in one gem folder, by the file of its specification."""
        names = context.tree.names(root + b"specifications")
        versions = [each for each in names if re.fullmatch(re.escape(gem) + rb"-\d[\w.]*\.gemspec", each)]
        for each in versions[-1:]:
            yield Keep(
                root + b"specifications/" + each, "the specification of a gem that is needed", cause.path
            )
            yield from self._gem(context, root, each.removesuffix(b".gemspec"), cause)

    def _folders(self, context: Context) -> tuple[bytes, ...]:
        if self._libraries is None:
            bases = (b"usr/lib/ruby", b"usr/local/lib/ruby", *_architectures(context))
            found = [child for base in bases for child in _ruby_folders(context, base)]
            self._libraries = tuple(dict.fromkeys(found))
        return self._libraries


def _standard(context: Context, library: Node) -> Iterator[Keep]:
    for base in (b"usr/lib/ruby", b"usr/local/lib/ruby", *_architectures(context)):
        for folder in _ruby_folders(context, base):
            if not _STANDARD.match(folder):
                continue
            for node in needed_files(context.tree, folder, skip=_TOOLS):
                if name(node.path) not in _TOOLS:
                    yield Keep(node.path, "Ruby's standard library", library.path)
    for root in _gem_roots(context):
        for child in context.tree.children(root + b"specifications/default"):
            yield Keep(child.path, "a specification of Ruby's own gems", library.path)


def _architectures(context: Context) -> Iterator[bytes]:
    for child in context.tree.children(b"usr/lib"):
        if child.kind is Kind.DIR and child.path.endswith((b"-linux-gnu", b"-linux-musl")):
            yield child.path + b"/ruby"


def _ruby_folders(context: Context, base: bytes) -> Iterator[bytes]:
    """Folders of features below `base`: of a version, of the vendor and of the site, with their versions."""
    folder = context.folder(base)
    if folder is None:
        return
    for child in context.tree.children(folder.path):
        if child.kind is Kind.DIR and name(child.path) != b"gems":
            yield child.path
            inner = (each for each in context.tree.children(child.path) if each.kind is Kind.DIR)
            yield from (
                each.path for each in inner if _STANDARD.match(parent(base) + b"/ruby/" + name(each.path))
            )


def _gem_roots(context: Context) -> list[bytes]:
    """Folders that have `gems` and `specifications`, with a slash at the end."""
    bases = [
        b"var/lib/gems",
        b"usr/share/rubygems-integration",
        b"usr/lib/ruby/gems",
        b"usr/local/lib/ruby/gems",
    ]
    bases += [each + b"gems-integration" for each in _architectures(context)]
    bases += [b"usr/local/bundle", b"usr/local/bundle/ruby"]
    found = []
    for base in bases:
        for folder in (base, *(child.path for child in context.tree.children(base))):
            if context.folder(folder + b"/specifications") is not None:
                found.append(folder + b"/")
    return found
