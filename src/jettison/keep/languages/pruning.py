"""What packages of a language carry along that no program needs at run time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from jettison.layers.entry import Kind
from jettison.layers.path import name

if TYPE_CHECKING:
    from jettison.layers.tree import FileTree, Node

_TOP: Final = frozenset(
    b"test tests __tests__ spec doc docs example examples demo demos benchmark benchmarks bench coverage "
    b"fixtures man website .github .circleci .nyc_output .vscode .idea".split()
)
"""Folders that are only for developers when they stand at the top of a package; deeper ones may be code (the
npm package `yaml` has its documents in `dist/doc`)."""
_FILES: Final = re.compile(
    rb".*\.(?:map|d\.ts|d\.mts|d\.cts|flow|md|markdown|rst|gyp|gypi|c|cc|cpp|h|hpp|o|a|tsbuildinfo)\Z"
    rb"|(?:CHANGELOG|CHANGES|HISTORY|AUTHORS|CONTRIBUTORS|README)(?:\.\w+)?\Z"
    rb"|\.(?:eslint|prettier|editorconfig|npmignore|travis|nycrc|babelrc|jshint)\S*\Z"
    rb"|(?:Makefile|Gruntfile\.js|Gulpfile\.js|karma\.conf\.js|tsconfig\.json|binding\.gyp)\Z",
    re.IGNORECASE | re.DOTALL,
)
"""Source maps, type declarations, documentation, sources of what was compiled, settings of tools."""


def needed_files(tree: FileTree, package: bytes, *, skip: frozenset[bytes] = frozenset()) -> Iterator[Node]:
    """Files and links of the folder `package` that a program may need, parents first.

    Folders of the names `skip`, wherever they are, are not entered: packages in the package, which have
    reasons of their own.
    """
    todo = [package]
    while todo:
        folder = todo.pop()
        for child in tree.children(folder):
            last = name(child.path)
            if child.kind is Kind.DIR:
                if last not in skip and not (folder == package and last in _TOP):
                    todo.append(child.path)
            elif not _FILES.match(last):
                yield child
