"""Keeps what makes a kept ELF file loadable: its interpreter and, transitively, its DT_NEEDED libraries.

**What.** PT_INTERP; every needed library as the image's dynamic loader would find it, all `glibc-hwcaps`
variants; the loader's cache and configuration; objects of LD_PRELOAD and `/etc/ld.so.preload`.

**Why.** A program that a run only looked at, or a library that was opened but whose branch was not taken,
must still load: half a closure is worse than none, because the program finds the file and then fails.

**Cost.** Nothing for what ran (the loader opened it all); the closure of what did not run, rarely more than
some MB.

**Sources.** ld.so(8), elf(5), System V gABI chapter 5, musl's ldso/dynlink.c.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from jettison.keep.loader import is_musl
from jettison.keep.rule import Keep, Rule
from jettison.layers.path import encode_path, name
from jettison.limits import MIB

if TYPE_CHECKING:
    from jettison.keep.context import Context
    from jettison.keep.elf import Elf
    from jettison.layers.tree import Node


class ElfClosure(Rule):
    """Interpreters and needed libraries."""

    name = "library"

    def __init__(self) -> None:
        self._seen: set[tuple[bytes, tuple[bytes, ...], bytes]] = set()
        self._loadable: set[bytes] = set()
        self._missing: dict[bytes, bytes] = {}
        """Needed library that was not found → what needs it first."""

    def begin(self, context: Context) -> Iterable[Keep]:
        """Preloaded objects."""
        variable = context.environment.get(b"LD_PRELOAD", b"")
        for path in re.split(rb"[\s:]+", variable + b" " + context.text(b"/etc/ld.so.preload")):
            if path.startswith(b"/"):
                yield Keep(path, "preloaded into every program")

    def visit(self, context: Context, node: Node) -> Iterable[Keep]:
        """The interpreter and the libraries of a kept ELF file."""
        if not may_be_elf(node):
            return
        elf = context.elf(node.path)
        if elf is None:
            return
        self._loadable.add(elf.soname or name(node.path))
        if elf.interpreter:
            yield Keep(elf.interpreter, "loads programs such as this one", node.path)
        yield from self._closure(context, node.path, elf)

    def settle(self, context: Context) -> Iterable[Keep]:
        """The loader's own files, once there is something that it loads."""
        for library in sorted(self._missing.keys() - self._loadable):
            needed_by = encode_path(self._missing.pop(library))
            context.plan.warn(
                f"{needed_by} needs {encode_path(library)}, which is not where it is looked for"
            )
        if self._seen:
            for path in (b"/etc/ld.so.cache", b"/etc/ld.so.conf"):
                yield Keep(path, "tells the dynamic loader where libraries are")

    def _closure(self, context: Context, path: bytes, elf: Elf) -> Iterator[Keep]:
        """The libraries that the object at `path` needs, and those that they need.

        A process loads each once, breadth first, with the folders of DT_RPATH of what led there.
        """
        musl = _musl(context, elf)
        loaded: set[bytes] = set()
        todo: deque[tuple[bytes, Elf, tuple[bytes, ...]]] = deque([(path, elf, ())])
        while todo:
            path, elf, inherited = todo.popleft()
            if path in loaded or (path, inherited, musl) in self._seen:
                continue
            loaded.add(path)
            self._seen.add((path, inherited, musl))
            passed = (*inherited, *context.loader.folders(elf, path))
            for library in elf.needed:
                found = context.loader.find(library, elf, path=path, inherited=inherited, musl=musl)
                if not found:
                    self._missing.setdefault(library, path)
                for candidate in found:
                    yield Keep(candidate, f"needed as {encode_path(library)}", path)
                    node, dependency = context.file(candidate), context.elf(candidate)
                    if node is not None and dependency is not None:
                        todo.append((node.path, dependency, passed))


MAX_OPTIONAL_BYTES: Final = 4 * MIB
"""What a library that no run loaded, and that is optional to what names it, may bring along."""


def added_bytes(context: Context, path: bytes) -> int:
    """How many bytes would stay on top if the ELF file at `path` did, with all that it needs."""
    closure = (
        keep.path for node in [context.file(path)] if node for keep in ElfClosure().visit(context, node)
    )
    nodes = {node.path: node.size for each in (path, *closure) if (node := context.file(each)) is not None}
    return sum(size for path, size in nodes.items() if not context.is_kept(path))


_SMALLEST_ELF: Final = 52
"""Bytes of the header alone, of the 32-bit class."""
_NEVER_ELF: Final = frozenset(
    b"c cfg conf cpp crt css csv gif gz h hpp htm html ico inc ini java jpeg jpg js json less lock md mjs mo "
    b"pem php pl pm png po pod properties py pyc pyi rb rst scss svg tcl toml ts ttf txt woff woff2 xml "
    b"yaml yml".split()
)


def may_be_elf(node: Node) -> bool:
    """Whether it is worth a look: it has the execute bit, or a name that is not that of text or pictures."""
    if node.size <= _SMALLEST_ELF:
        return False
    return bool(node.mode & 0o111) or name(node.path).rpartition(b".")[2].lower() not in _NEVER_ELF


def _musl(context: Context, elf: Elf) -> bytes:
    """The path of musl's loader where it is the one that loads `elf`, else empty.

    A shared object names no loader; it is musl's if it needs musl's C library.
    """
    if elf.interpreter:
        return elf.interpreter if is_musl(elf.interpreter) else b""
    for library in elf.needed:
        if library == b"libc.so" or library.startswith(b"libc.musl-"):
            loaders = [entry for entry in context.tree.names(b"lib") if entry.startswith(b"ld-musl-")]
            return b"/lib/" + loaders[0] if loaders else b""
    return b""
