"""Keeps files that text names: configuration of what runs, and the application's own text.

**What.** Absolute paths, and patterns with `*`, that stand in kept configuration files (below `/etc`, or by
their name) and in the application's own text files, and that exist in the image: files, and from
configuration also the content of folders (document roots, include folders, module folders), below 64 MiB
each. Programs in `command=` lines of supervisors.

**Why.** An include that is read at the next reload, an error page, a font, a template: the configuration says
where it is, long before it is opened.

**Cost.** Small: most of what is named is the application's own or was read.

**Sources.** nginx `include`, `root`, `error_page`; Apache `Include`, `DocumentRoot`, `ErrorDocument`; haproxy
`errorfile`; PHP `extension_dir`; PostgreSQL `include_dir`; supervisord `command`.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from jettison.keep.application import is_by_product
from jettison.keep.rule import Keep, Rule
from jettison.keep.rules.trace import Trace
from jettison.keep.shell import BUILTINS, parse_script
from jettison.layers.entry import Kind
from jettison.layers.path import name, parent
from jettison.limits import KIB, MIB

if TYPE_CHECKING:
    from jettison.keep.context import Context
    from jettison.layers.tree import Node

_MAX_TEXT_BYTES: Final = 512 * KIB
_MAX_FOLDER_BYTES: Final = 64 * MIB
_PATH: Final = re.compile(rb"(?<![\w.:/*$}-])/[\w.@+~*?-]+(?:/[\w.@+~*?-]+)+")
_COMMAND: Final = re.compile(rb"^\s*(?:command|ExecStart|exec|run)\s*[=:]\s*-?(.+)$", re.MULTILINE)
_CONFIGURATION: Final = re.compile(
    rb"etc/(?!alternatives/|ssl/|ca-certificates/|profile\.d/|skel/|init\.d/|security/|pam\.d/)[^/]+/."
    rb"|etc/[^/]+\.(?:conf|cnf|cfg|ini)\Z|(?:usr/local|opt/[^/]+)/(?:[^/]+/)?(?:etc|conf|config)/."
)
_NOT_FOLDERS: Final = frozenset(
    b"usr/bin usr/sbin usr/lib usr/lib64 usr/share usr/local usr/local/bin usr/local/lib "
    b"usr/local/sbin usr/local/share var/lib var/log var/cache var/run var/tmp etc/ssl usr/include "
    b"usr/src usr/share/doc usr/share/man".split()
)


class Named(Rule):
    """Files that are named in text."""

    name = "named file"

    def visit(self, context: Context, node: Node) -> Iterable[Keep]:
        """What one text file names."""
        configuration = _is_configuration(context, node)
        if not configuration and not context.is_authored(node.path) and node.path not in context.executed:
            return
        if node.size > _MAX_TEXT_BYTES or b"\0" in context.head(node):
            return
        text = context.read(node)
        for path in sorted(set(_PATH.findall(text))):
            yield from _named(context, node, path, folders=configuration)
        for program in sorted(_commands(text)) if configuration else ():
            found = context.which(program)
            if found is not None:
                yield Keep(found, "a supervisor is told to run it", node.path)


def _is_configuration(context: Context, node: Node) -> bool:
    """Whether what `node` says is in force: by Debian's convention `NAME-available` holds what may be
    switched on."""
    if _CONFIGURATION.match(node.path) is None:
        return False
    offered = any(folder.endswith(b"-available") for folder in node.path.split(b"/")[:-1])
    return not offered or context.plan.reasons(node.path)[0].rule == Trace.name


def _named(context: Context, node: Node, path: bytes, *, folders: bool) -> Iterator[Keep]:
    for candidate in _expand(context, path) if b"*" in path or b"?" in path else [path]:
        target = context.tree.resolve(candidate.rstrip(b".")).node
        if target is None or is_by_product(target.path):
            continue
        if target.kind is not Kind.DIR:
            yield Keep(candidate.rstrip(b"."), "a file that is named in it", node.path)
        elif target.path.count(b"/") and target.path not in _NOT_FOLDERS:
            yield Keep(candidate, "a folder that is named in it", node.path)
            if folders and not context.loader.searches(target.path):
                yield from _content(context, node, target)


def _content(context: Context, node: Node, folder: Node) -> Iterator[Keep]:
    below = list(context.below(folder.path))
    if sum(child.size for child in below) <= _MAX_FOLDER_BYTES:
        for child in below:
            yield Keep(child.path, "lies in a folder that is named in it", node.path)


def _expand(context: Context, pattern: bytes) -> list[bytes]:
    """The paths for a pattern whose wildcards stand in its last component."""
    folder = parent(pattern)
    if b"*" in folder or b"?" in folder:
        return []
    names = context.tree.names(context.tree.resolve(folder).path)
    return [folder + b"/" + entry for entry in names if fnmatch.fnmatchcase(entry, name(pattern))]


def _commands(text: bytes) -> set[bytes]:
    found = {program for match in _COMMAND.finditer(text) for program in parse_script(match[1]).programs()}
    return found - BUILTINS
