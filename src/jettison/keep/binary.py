"""What a compiled program names at run time: libraries that it may load, files and folders it was built to
look for.

Only NUL-terminated constants count, as C compilers lay them out; a name that is put together at run time
cannot be seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Final

from msgspec import Struct

from jettison.errors import InvalidInputError
from jettison.keep.elf import ElfReader
from jettison.keep.facts import FactKind

if TYPE_CHECKING:
    from jettison.keep.context import Context
    from jettison.layers.tree import Node

_CHUNK: Final = 4 << 20
_OVERLAP: Final = 1024
_MAX_SCANNED: Final = 512 << 20
"""Bytes of one file that are searched."""
_MAX_NAMES: Final = 20_000

_LIBRARY: Final = re.compile(rb"(?:[\w.+$/{}-]*/)?[\w+.-]+\.so(?:\.[0-9]+)*\Z")
_PATH: Final = re.compile(rb"\0(/[A-Za-z0-9_][\w./+@~,:-]{2,254})(?=\0)")
_SHARED: Final = re.compile(rb"\.so(?:\.[0-9]+)*\0")

INTERESTING: Final = frozenset(
    b"system popen wordexp execvp execvpe execlp execl execle execv execve posix_spawn posix_spawnp "
    b"fork vfork dlopen dlmopen iconv_open pthread_cancel pthread_exit backtrace".split()
)
"""Imports that rules ask for."""


class Binary(Struct, frozen=True):
    """The names in one ELF file."""

    imports: frozenset[bytes] = frozenset()
    """Those of `INTERESTING` that it takes from other objects."""
    libraries: tuple[bytes, ...] = ()
    """Shared objects by name or path, sorted."""
    paths: tuple[bytes, ...] = ()
    """Absolute paths, sorted."""

    @property
    def starts_programs(self) -> bool:
        """Whether it may start another program."""
        return not self.imports.isdisjoint((b"system", b"popen", b"wordexp", *_EXECUTES))

    @property
    def calls_a_shell(self) -> bool:
        """Whether the C library runs a shell for it: system(3), popen(3), wordexp(3)."""
        return not self.imports.isdisjoint((b"system", b"popen", b"wordexp"))


_EXECUTES: Final = frozenset(name for name in INTERESTING if name.startswith((b"exec", b"posix_spawn")))
_KIND: Final = FactKind("binary", 1, Binary)


def binary(context: Context, node: Node) -> Binary:
    """The names in the ELF file `node`; none where it cannot be read as one."""
    return context.facts.get(_KIND, node, lambda node: _read(context, node))


def mentions(context: Context, node: Node, text: bytes) -> bool:
    """Whether the constant `text` stands in the file `node`."""
    with context.tree.open(node) as file:
        return any(b"\0" + text + b"\0" in chunk for chunk in _chunks(file))


def _read(context: Context, node: Node) -> Binary:
    with context.tree.open(node) as file:
        try:
            imports = ElfReader(file).imports() & INTERESTING
        except InvalidInputError:
            return Binary()
        libraries: set[bytes] = set()
        paths: set[bytes] = set()
        for chunk in _chunks(file):
            libraries.update(_libraries(chunk))
            paths.update(match[1].rstrip(b"/") for match in _PATH.finditer(chunk))
            if len(libraries) + len(paths) > _MAX_NAMES:
                break
    return Binary(imports, tuple(sorted(libraries)), tuple(sorted(paths)))


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    rest, scanned = b"\0", 0
    while scanned < _MAX_SCANNED and (data := file.read(_CHUNK)):
        scanned += len(data)
        yield rest + data
        rest = data[-_OVERLAP:]


def _libraries(chunk: bytes) -> Iterator[bytes]:
    for match in _SHARED.finditer(chunk):
        start = chunk.rfind(b"\0", max(0, match.start() - _OVERLAP), match.start()) + 1
        text = chunk[start : match.end() - 1]
        if _LIBRARY.match(text):
            yield text
