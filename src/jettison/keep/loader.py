"""Where the dynamic loader of an image would find a library: glibc's `ld.so` (ld.so(8), ldconfig(8)) and
musl's.

Nothing is run: `ld.so.cache` is parsed (the format that glibc writes since 2.2, `dl-cache.h`), `ld.so.conf`
and its includes are read, and candidates are looked up in the image's own tree. A library counts as found
only if its ELF class, byte order and machine are those of the object that needs it, as both loaders demand.
"""

from __future__ import annotations

import fnmatch
import struct
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Final

from jettison.keep.elf import Abi, Elf
from jettison.layers.entry import Kind
from jettison.layers.path import name, parent

if TYPE_CHECKING:
    from jettison.layers.tree import FileTree

ReadElf = Callable[[bytes], Elf | None]
"""The ELF summary of a path (links followed), None when there is no such file or it is none."""
_Folders = tuple[bytes, ...]

_CACHE_MAGIC: Final = b"glibc-ld.so.cache1.1"
_OLD_CACHE_MAGIC: Final = b"ld.so-1.7.0\0"
_CACHE_HEADER: Final = 48
_CACHE_ENTRY: Final = 24
_MAX_FOLDERS: Final = 1000
"""Folders of `ld.so.conf` that are searched."""

_TRIPLETS: Final = {
    (64, 62): b"x86_64-linux-gnu",
    (32, 62): b"x86_64-linux-gnux32",
    (32, 3): b"i386-linux-gnu",
    (64, 183): b"aarch64-linux-gnu",
    (32, 40): b"arm-linux-gnueabihf",
    (64, 243): b"riscv64-linux-gnu",
    (64, 21): b"powerpc64le-linux-gnu",
    (64, 22): b"s390x-linux-gnu",
    (64, 258): b"loongarch64-linux-gnu",
    (64, 8): b"mips64el-linux-gnuabi64",
}
"""Debian's multiarch folders by ELF class and machine."""
_PLATFORMS: Final = {62: b"x86_64", 183: b"aarch64", 3: b"i686", 40: b"v7l", 21: b"power9", 22: b"z15"}
_MUSL_SELF: Final = frozenset(
    b"lib%s.so" % part for part in (b"c", b"pthread", b"rt", b"m", b"dl", b"util", b"xnet")
)
"""Names that musl's loader answers itself (musl, ldso/dynlink.c, `load_library`)."""


def is_musl(interpreter: bytes) -> bool:
    """Whether a PT_INTERP is musl's loader."""
    return name(interpreter).startswith(b"ld-musl-")


class Loader:
    """The library search of one image."""

    def __init__(self, tree: FileTree, read_elf: ReadElf, *, library_path: Iterable[bytes] = ()) -> None:
        self._tree = tree
        self._read_elf = read_elf
        self._library_path = tuple(library_path)
        self._found: dict[tuple[bytes, Abi, _Folders], tuple[bytes, ...]] = {}
        self._cache = parse_cache(_small(tree, b"etc/ld.so.cache"))
        self._conf = tuple(dict.fromkeys(_conf_folders(tree)))[:_MAX_FOLDERS]

    def find(
        self, library: bytes, elf: Elf, *, path: bytes, inherited: tuple[bytes, ...], musl: bytes
    ) -> tuple[bytes, ...]:
        """The paths that answer DT_NEEDED `library` of `elf` at `path`, the chosen one first; empty when none
        does.

        `inherited` are the DT_RPATH folders of the objects that led here; `musl` the interpreter where it is
        musl's, else empty. More than one path is returned where glibc chooses by the processor of the host
        (`glibc-hwcaps`): all variants stay.
        """
        if b"/" in library:
            return (library,) if self._fits(library, elf.abi) else ()
        if musl and (library in _MUSL_SELF or library.startswith(b"libc.musl-")):
            return (musl,)
        own = tuple(self._expand(elf.runpath or elf.rpath, elf.abi, path))
        ordered = self._ordered(own, inherited, bool(elf.runpath), musl)
        key = (library, elf.abi, ordered)
        if key not in self._found:
            self._found[key] = self._search(library, elf.abi, ordered, musl)
        return self._found[key]

    def folders(self, elf: Elf, path: bytes) -> tuple[bytes, ...]:
        """DT_RPATH folders that `elf` at `path` passes on to what it loads; none when it has a runpath."""
        return () if elf.runpath else tuple(self._expand(elf.rpath, elf.abi, path))

    def searches(self, folder: bytes) -> bool:
        """Whether libraries in `folder` (normalised, links resolved) are found by name alone."""
        return folder in self.search_folders

    @cached_property
    def search_folders(self) -> frozenset[bytes]:
        """The folders in which libraries are found by name alone; normalised, links resolved."""
        cached = (parent(path) for paths in self._cache.values() for path in paths)
        default = (folder for abi in _TRIPLETS for folder in _default_folders(Abi(abi[0], True, abi[1])))
        return frozenset(map(self._real, {*cached, *default, *self._conf, *self._library_path}))

    def _ordered(self, own: _Folders, inherited: _Folders, runpath: bool, musl: bytes) -> _Folders:
        """The folders before the cache: glibc looks at inherited ones only for an object that has no runpath
        itself."""
        if musl:
            return (*self._library_path, *own, *inherited, *_musl_folders(self._tree, musl))
        return (*self._library_path, *own) if runpath else (*own, *inherited, *self._library_path)

    def _search(self, library: bytes, abi: Abi, ordered: _Folders, musl: bytes) -> tuple[bytes, ...]:
        fits = [path for path in self._candidates(library, ordered, abi, musl) if self._fits(path, abi)]
        variants = [path for path in fits if b"/glibc-hwcaps/" in path]
        plain = [path for path in fits if b"/glibc-hwcaps/" not in path]
        return tuple(dict.fromkeys([*plain[:1], *variants]))

    def _candidates(self, library: bytes, folders: Iterable[bytes], abi: Abi, musl: bytes) -> Iterator[bytes]:
        for folder in folders:
            yield from self._in_folder(folder, library, musl)
        if musl:
            return
        yield from self._cache.get(library, ())
        for folder in (*self._conf, *_default_folders(abi)):
            yield from self._in_folder(folder, library, musl)

    def _in_folder(self, folder: bytes, library: bytes, musl: bytes) -> Iterator[bytes]:
        if not musl:
            for variant in self._tree.names(self._real(folder + b"/glibc-hwcaps")):
                yield b"%s/glibc-hwcaps/%s/%s" % (folder, variant, library)
        yield folder + b"/" + library

    def _real(self, folder: bytes) -> bytes:
        return self._tree.resolve(folder).path

    def _fits(self, path: bytes, abi: Abi) -> bool:
        elf = self._read_elf(path)
        return elf is not None and elf.abi == abi

    def _expand(self, folders: Iterable[bytes], abi: Abi, path: bytes) -> Iterator[bytes]:
        """Dynamic string tokens replaced (ld.so(8)): `$ORIGIN` as the object was named and as it really lies,
        `$LIB` as Debian, Red Hat and the generic build define it."""
        origins = dict.fromkeys((b"/" + parent(path.lstrip(b"/")), b"/" + parent(self._real(path))))
        libs = (
            b"lib/" + _TRIPLETS.get((abi.bits, abi.machine), b""),
            b"lib64" if abi.bits == 64 else b"lib",
            b"lib",
        )
        for folder in folders:
            plain = _token(folder, b"PLATFORM", _PLATFORMS.get(abi.machine, b""))
            for origin in origins if b"ORIGIN" in plain else (b"",):
                for lib in dict.fromkeys(libs) if b"$LIB" in plain or b"${LIB}" in plain else (b"",):
                    yield _token(_token(plain, b"ORIGIN", origin), b"LIB", lib)


def _token(text: bytes, token: bytes, value: bytes) -> bytes:
    return text.replace(b"${" + token + b"}", value).replace(b"$" + token, value)


def _default_folders(abi: Abi) -> Iterator[bytes]:
    triplet = _TRIPLETS.get((abi.bits, abi.machine))
    if triplet:
        yield from (b"/lib/" + triplet, b"/usr/lib/" + triplet)
    if abi.bits == 64:
        yield from (b"/lib64", b"/usr/lib64")
    yield from (b"/lib", b"/usr/lib")


def _musl_folders(tree: FileTree, interpreter: bytes) -> tuple[bytes, ...]:
    """`PREFIX/etc/ld-musl-ARCH.path`, where the loader is `PREFIX/lib/ld-musl-ARCH.so.1`, or musl's own
    default."""
    prefix = parent(parent(interpreter.lstrip(b"/")))
    architecture = name(interpreter).removesuffix(b".so.1")
    text = _small(tree, (prefix + b"/" if prefix else b"") + b"etc/" + architecture + b".path")
    folders = tuple(folder for folder in text.replace(b"\n", b":").split(b":") if folder.startswith(b"/"))
    return folders or (b"/lib", b"/usr/local/lib", b"/usr/lib")


def _small(tree: FileTree, path: bytes) -> bytes:
    """The content of a small file, links followed; empty when there is none."""
    node = tree.resolve(path).node
    return tree.read(node) if node is not None and node.kind is Kind.FILE else b""


def _conf_folders(tree: FileTree) -> Iterator[bytes]:
    """The folders that `ld.so.conf` names, `include` patterns followed in sorted order, each file once
    (ldconfig(8))."""
    todo, seen = [b"etc/ld.so.conf"], set[bytes]()
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        for raw in _small(tree, path).splitlines():
            line = raw.partition(b"#")[0].strip()
            if line.split()[:1] == [b"include"]:
                todo += [
                    each
                    for pattern in reversed(line.split()[1:])
                    for each in reversed(_glob(tree, pattern, parent(path)))
                ]
            elif line.startswith(b"/"):
                yield line.partition(b"=")[0].rstrip().rstrip(b"/") or b"/"


def _glob(tree: FileTree, pattern: bytes, folder: bytes) -> list[bytes]:
    """Paths for a pattern whose wildcards stand in its last component."""
    base = parent(pattern) if pattern.startswith(b"/") else folder + b"/" + parent(pattern)
    real = tree.resolve(base).path
    return [real + b"/" + entry for entry in tree.names(real) if fnmatch.fnmatchcase(entry, name(pattern))]


def parse_cache(data: bytes) -> dict[bytes, tuple[bytes, ...]]:
    """Library name → paths of an `ld.so.cache`, as ordered there; what is cut off or foreign is an empty
    cache."""
    start = 0
    if data.startswith(_OLD_CACHE_MAGIC) and len(data) >= 16:
        start = -(-(16 + 12 * struct.unpack_from("=I", data, 12)[0]) // 8) * 8
    cache = data[start:]
    if not cache.startswith(_CACHE_MAGIC) or len(cache) < _CACHE_HEADER:
        return {}
    for order in "<>":
        count = struct.unpack_from(order + "I", cache, len(_CACHE_MAGIC))[0]
        if _CACHE_HEADER + count * _CACHE_ENTRY <= len(cache):
            return _cache_entries(cache, count, order)
    return {}


def _cache_entries(cache: bytes, count: int, order: str) -> dict[bytes, tuple[bytes, ...]]:
    entries: dict[bytes, tuple[bytes, ...]] = {}
    table = cache[_CACHE_HEADER : _CACHE_HEADER + count * _CACHE_ENTRY]
    for _, key, value, _, _ in struct.iter_unpack(order + "iIIIQ", table):
        library, path = _text(cache, key), _text(cache, value)
        if library and path.startswith(b"/"):
            entries[library] = (*entries.get(library, ()), path)
    return entries


def _text(data: bytes, offset: int) -> bytes:
    end = data.find(b"\0", offset, offset + 4096)
    return data[offset:end] if 0 <= offset < len(data) and end >= 0 else b""
