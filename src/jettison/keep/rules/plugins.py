"""Keeps what kept programs load or read by a name that was compiled into them.

**What.** Of every kept ELF file that can load others (it imports `dlopen`, or is the C library): libraries
whose names stand in it as constants, found as its loader would; shared objects in folders that stand in it
(modules of a server, OpenSSL providers and engines, SASL, PAM, Kerberos and GIO plug-ins, coders); files that
stand in it. Of the C library `libgcc_s.so.1`, which it loads when a thread is cancelled.

**Why.** A module that the workload did not ask for (`legacy` ciphers, a second image format, an
authentication method) fails only in production, and no closure over DT_NEEDED sees it.

**Cost.** Some 3 MB an image. Left out: what a library of the system names and no run loaded, if it would add
more than 4 MiB (printing for a Java runtime, desktop settings for its network library); the folders that the
loader searches anyway, which would bring every library; character set converters (8 MB), which stay whole
only where a program of the application itself, or an interpreter's extension for that purpose, imports
`iconv_open`; programs, which the rule `commands` judges; what only the utilities of the shell would load.

**Sources.** dlopen(3), iconv_open(3), pthread_cancel(3); OpenSSL `OPENSSLDIR`, `MODULESDIR`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from jettison.keep.application import is_language_package
from jettison.keep.binary import Binary, binary
from jettison.keep.loader import is_musl
from jettison.keep.rule import Keep, Rule
from jettison.keep.rules.commands import BOX_REASON
from jettison.keep.rules.elf import MAX_OPTIONAL_BYTES, added_bytes, may_be_elf
from jettison.layers.entry import Kind
from jettison.layers.path import encode_path, name, parent
from jettison.limits import MIB

if TYPE_CHECKING:
    from jettison.keep.context import Context
    from jettison.keep.elf import Elf
    from jettison.layers.tree import Node

_MAX_PLUGINS_BYTES: Final = 64 * MIB
_GLIBC: Final = b"libc.so.6"
_NOT_LOADED: Final = {_GLIBC: b"libidn2."}
"""glibc's getaddrinfo(3) loads it for the flag AI_IDN alone, and copes without it; 2 MB with its tables."""
_NO_PLUGINS: Final = frozenset(
    b"bin sbin lib lib64 usr usr/bin usr/sbin usr/lib usr/lib64 usr/libexec usr/local usr/local/bin "
    b"usr/local/lib usr/local/sbin usr/share etc var tmp dev proc sys run opt root home".split()
)
_DATA: Final = (b"etc/", b"usr/share/", b"usr/lib/", b"usr/local/", b"opt/", b"lib/", b"srv/", b"var/lib/")


class Plugins(Rule):
    """Libraries, plug-in folders and files that are named in binaries."""

    name = "plug-in"

    def __init__(self) -> None:
        self._libc: Node | None = None
        self._converts: Node | None = None
        self._optional: list[Keep] = []

    def visit(self, context: Context, node: Node) -> Iterable[Keep]:
        """What one kept ELF file names: at once what the application names, later what the system does."""
        if not may_be_elf(node):
            return
        elf = context.elf(node.path)
        if elf is None or not elf.dynamic or context.plan.chain(node.path)[-1][1].text == BOX_REASON:
            return
        found = binary(context, node)
        if elf.soname == _GLIBC:
            self._libc = node
        if elf.soname == _GLIBC or not found.imports.isdisjoint((b"dlopen", b"dlmopen")):
            yield from _files(context, node, found)
            libraries = [*_libraries(context, node, elf, found), *_plugins(context, node, found)]
            if context.is_application_program(node) or is_language_package(node.path):
                yield from libraries
            else:
                self._optional += libraries
        if b"iconv_open" in found.imports and _serves_the_application(context, node):
            self._converts = self._converts or node

    def settle(self, context: Context) -> Iterable[Keep]:
        """Optional libraries that cost little more than what stays anyway, and character set converters."""
        for keep in self._optional:
            node = context.file(keep.path)
            if node is None or context.is_kept(node.path):
                continue
            added = added_bytes(context, keep.path)
            if added <= MAX_OPTIONAL_BYTES:
                yield keep
            else:
                text = (
                    f"optional, never loaded, and would add {added / MIB:.0f} MiB: use --include to keep it"
                )
                context.plan.leave_out(node.path, text)
        if self._libc is not None and self._converts is not None:
            for child in context.below(parent(self._libc.path) + b"/gconv"):
                yield Keep(
                    child.path, "a character set that iconv_open can be asked for", self._converts.path
                )


def _serves_the_application(context: Context, node: Node) -> bool:
    """Whether the application chooses what `node` is asked for: it is its program, or the extension of an
    interpreter that is called after iconv(3) and outside the loader's folders (PHP, Perl and Ruby have one).
    Others convert between two fixed sets, as the Java runtime does."""
    extension = _is_plugin(node) and not context.loader.searches(parent(node.path))
    return (extension and b"iconv" in name(node.path).lower()) or context.is_application_program(node)


def _libraries(context: Context, node: Node, elf: Elf, found: Binary) -> Iterator[Keep]:
    musl = elf.interpreter if is_musl(elf.interpreter) else b""
    for library in found.libraries:
        if library in (*elf.needed, elf.soname) or library.startswith(_NOT_LOADED.get(elf.soname, b"-")):
            continue
        for path in context.loader.find(library, elf, path=node.path, inherited=(), musl=musl):
            yield Keep(path, f"named as {encode_path(library)} in a file that loads libraries", node.path)


def _files(context: Context, node: Node, found: Binary) -> Iterator[Keep]:
    """Files and folders, the latter without their content."""
    for path in found.paths:
        target = context.tree.resolve(path).node
        if target is None or target.path in _NO_PLUGINS:
            continue
        if target.kind is Kind.DIR:
            yield Keep(path, "a folder that is named in it", node.path)
        elif target.kind is Kind.FILE and not target.mode & 0o111 and target.path.startswith(_DATA):
            yield Keep(path, "a file that is named in it", node.path)


def _plugins(context: Context, node: Node, found: Binary) -> Iterator[Keep]:
    """Shared objects in folders."""
    for path in found.paths:
        folder = context.folder(path)
        if folder is None or folder.path in _NO_PLUGINS:
            continue
        if name(folder.path) == b"gconv" or context.loader.searches(folder.path):
            continue
        plugins = [child for child in context.tree.children(folder.path) if _is_plugin(child)]
        if sum(child.size for child in plugins) <= _MAX_PLUGINS_BYTES:
            yield from (
                Keep(each.path, "a plug-in in a folder that is named in it", node.path) for each in plugins
            )


def _is_plugin(node: Node) -> bool:
    return node.kind is not Kind.DIR and re.search(rb"\.so(?:\.[\d.]+)?\Z", node.path) is not None
