"""Keeps the application's own files.

**What.** Files that the application's own COPY and ADD instructions brought, and everything in WORKDIR; files
that its own RUN instructions made and that no package owns (configuration links, generated files, what a
build step left); empty folders of all layers, and the folders of `/var`; links on PATH to programs that stay.
Files of language packages (`site-packages`, `node_modules`, gems) are left to the language's rule.

**Why.** Templates, static files, error pages, translations, scripts for operators: nearly everything that a
workload did not visit, for little. Files that a package's installation script made belong to no package and
have no other reason to stay: alternatives, enabled modules, `conf.d` links, hashed certificates. An empty
folder with an owner is where a server writes its first file.

**Cost.** 6 MB over sixteen images for the files, nothing for the folders.

**Left out.** Version control, editor and CI files, caches of tools, tests of the application, build
leftovers, state of package managers: the lists stand in `jettison.keep.application`.

**Sources.** The image's history; OCI image-spec, config.md, "history".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from jettison.keep.application import is_by_product
from jettison.keep.rule import Keep, Rule
from jettison.layers.entry import Kind

if TYPE_CHECKING:
    from jettison.keep.context import Context
    from jettison.layers.tree import Node

_STATE_FOLDERS: Final = (b"var", b"srv", b"opt", b"home", b"run", b"mnt", b"media", b"etc")


class Application(Rule):
    """Files of the application, and folders that are there to be filled."""

    name = "application"

    def begin(self, context: Context) -> Iterable[Keep]:
        """Its files."""
        for node in context.application.values():
            yield Keep(node.path, _reason(context, node))
        yield from _empty_folders(context)

    def settle(self, context: Context) -> Iterable[Keep]:
        """Links in the folders of PATH to programs that stay: other names of theirs, alternatives."""
        for folder in context.search_path:
            for link in context.tree.children(context.tree.resolve(folder).path):
                if link.kind is Kind.SYMLINK and not context.is_kept(link.path):
                    target = context.file(link.path)
                    if target is not None and context.is_kept(target.path):
                        yield Keep(link.path, "another name of a program that stays", target.path)


def _reason(context: Context, node: Node) -> str:
    if node.layer in context.own_layers.copied:
        return "brought by the application's own COPY or ADD"
    if node.layer not in context.own_layers.ran:
        return "lies in the application's WORKDIR"
    return "made by the application's own RUN, and owned by no package"


def _empty_folders(context: Context) -> Iterator[Keep]:
    for top in _STATE_FOLDERS:
        for node in context.below(top):
            if node.kind is not Kind.DIR or is_by_product(node.path):
                continue
            if top == b"var" or not context.tree.names(node.path):
                yield Keep(node.path, "a folder to be filled at run time")
