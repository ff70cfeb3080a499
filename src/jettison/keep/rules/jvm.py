"""Keeps a Java runtime whole, and what jars and commands name.

**What.** Of the runtime to which a kept `libjvm.so` belongs: its programs, native libraries, settings,
security files, time zones and module image, with what their links lead to outside of it
(`/etc/java-17-openjdk`, `cacerts`). Of every kept jar: the jars that its manifest names in `Class-Path`. Of
every command that ran: class paths, module paths and agents.

**Why.** A JVM loads its native libraries, its security providers and its settings when a class first asks for
them: the first TLS connection, the first image, the first management bean.

**Cost.** About 15 MB beyond the module image, which any start reads. Left out: `jmods`, `src.zip` and
`ct.sym` (what only the compiler and the linker read, 80 MB and more), headers, manual pages, and the second
class data archive, which only heaps over 32 GB use.

**Sources.** JAR File Specification, "Class-Path Attribute"; java(1), `-cp`, `-p`, `-javaagent`; JEP 220.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from jettison.keep.programs import executions
from jettison.keep.rule import Keep, Rule
from jettison.layers.entry import Kind
from jettison.layers.path import decode_path, name, normalise, parent
from jettison.limits import MAX_SMALL_FILE_BYTES

if TYPE_CHECKING:
    from jettison.keep.context import Context
    from jettison.layers.tree import Node

_LEFT_OUT: Final = frozenset(
    b"jmods src.zip ct.sym include man demo sample docs classes_nocoops.jsa "
    b"classes_nocoops_coh.jsa static".split()
)
_PATH_OPTIONS: Final = frozenset((b"-cp", b"-classpath", b"--class-path", b"-p", b"--module-path"))
_AGENTS: Final = (b"-javaagent:", b"-agentpath:")
_MANIFEST: Final = "META-INF/MANIFEST.MF"


class Jvm(Rule):
    """Java runtimes and class paths."""

    name = "java"

    def begin(self, context: Context) -> Iterable[Keep]:
        """What the commands that ran name."""
        for execution in executions(context):
            argv = [decode_path(argument) for argument in execution.argv]
            for path in _named(context, argv):
                yield Keep(path, "on the class path of a command that ran")

    def visit(self, context: Context, node: Node) -> Iterable[Keep]:
        """A runtime by its machine; jars by what they name."""
        last = name(node.path)
        if last == b"libjvm.so":
            yield from _runtime(context, node)
        elif last.endswith((b".jar", b".war")):
            for entry in _class_path(context, node):
                yield Keep(entry, "on the Class-Path of a jar that stays", node.path)


def _runtime(context: Context, machine: Node) -> Iterator[Keep]:
    """`lib/server/libjvm.so` lies three folders below the home of its runtime, or four
    (`lib/ARCH/server`)."""
    home = parent(parent(machine.path))
    while home and context.folder(home + b"/bin") is None:
        home = parent(home)
    if not home:
        return
    todo, seen = [home], {home}
    while todo:
        for child in context.tree.children(todo.pop()):
            if name(child.path) in _LEFT_OUT:
                continue
            target = context.tree.resolve(child.path)
            if target.node is not None and target.node.kind is Kind.DIR and target.path not in seen:
                seen.add(target.path)
                todo.append(target.path)
            yield Keep(child.path, "part of a Java runtime that stays", machine.path)


def _named(context: Context, argv: list[bytes]) -> Iterator[bytes]:
    """Files that the arguments of a `java` command name."""
    if not argv or name(argv[0]) not in (b"java", b"jre"):
        return
    base = b"/" + context.working_directory + b"/"
    for option, value in zip(argv, [*argv[1:], b""], strict=True):
        if option in _PATH_OPTIONS:
            for entry in value.split(b":"):
                yield from _expanded(context, entry if entry.startswith(b"/") else base + entry)
        elif option.startswith(_AGENTS):
            path = option.partition(b":")[2].partition(b"=")[0]
            yield path if path.startswith(b"/") else base + path


def _expanded(context: Context, entry: bytes) -> Iterator[bytes]:
    """An entry of a class path: a jar, a folder with all below it, or `DIR/*` for its jars."""
    if entry.endswith(b"/*"):
        folder = context.folder(entry[:-2])
        children = context.tree.children(folder.path) if folder is not None else ()
        yield from (child.path for child in children if child.path.endswith(b".jar"))
        return
    yield entry
    yield from (node.path for node in context.below(entry) if node.kind is not Kind.DIR)


def _class_path(context: Context, jar: Node) -> Iterator[bytes]:
    """Paths, relative to the jar's folder, of its manifest's Class-Path."""
    for url in _attribute(context, jar, b"Class-Path").split():
        path = unquote_to_bytes(url.removeprefix(b"file:"))
        yield path if path.startswith(b"/") else normalise(parent(jar.path) + b"/" + path)


def _attribute(context: Context, jar: Node, key: bytes) -> bytes:
    """One main attribute of a jar's manifest; lines of over 72 bytes go on in lines that begin with a
    space."""
    try:
        with context.tree.open(jar) as file, zipfile.ZipFile(file) as archive:
            if archive.getinfo(_MANIFEST).file_size > MAX_SMALL_FILE_BYTES:
                return b""
            manifest = archive.read(_MANIFEST)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, EOFError, ValueError):
        return b""
    lines = manifest.replace(b"\r\n", b"\n").replace(b"\n ", b"").split(b"\n")
    found = (line.partition(b":") for line in lines)
    return next((value.strip() for name_, _, value in found if name_.lower() == key.lower()), b"")
