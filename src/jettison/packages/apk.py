"""Alpine packages: apk's installed database (apk-tools, doc/apk-package.5.scd and `apk_db` field letters)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jettison.packages import files
from jettison.packages.model import Distro, Ecosystem, Found, Package, purl

if TYPE_CHECKING:
    from jettison.layers.tree import FileTree

DATABASES = (b"lib/apk/db/installed", b"usr/lib/apk/db/installed")
"""Where apk 2 and apk 3 keep it; the same file where `/lib` is a link."""
MAX_DATABASE_BYTES = 64 << 20

_CONSTRAINT = re.compile(r"[<>=~].*")


@dataclass(slots=True)
class Record:
    """One package's record: the header lines as they stand, and its folders with their files and lines."""

    header: list[bytes] = field(default_factory=list)
    folders: list[Folder] = field(default_factory=list)

    def text(self, letter: bytes) -> str:
        """The value of a header line, empty if it is absent."""
        start = letter + b":"
        for line in self.header:
            if line.startswith(start):
                return line[2:].decode(errors="replace").strip()
        return ""

    def paths(self) -> Iterator[bytes]:
        """All folders and files, relative to the root."""
        for folder in self.folders:
            yield folder.path
            for name, _ in folder.files:
                yield folder.path + b"/" + name if folder.path else name


@dataclass(slots=True)
class Folder:
    """An `F:` line with what belongs to it: its own `M:` lines, and files with their `a:` and `Z:` lines."""

    path: bytes
    lines: list[bytes] = field(default_factory=list)
    files: list[tuple[bytes, list[bytes]]] = field(default_factory=list)


def parse_installed(content: bytes) -> Iterator[Record]:
    """The records of an installed database; lines that no record may have are kept in its header."""
    for block in re.split(rb"\n\n+", content.strip(b"\n")):
        record = Record()
        for line in block.split(b"\n"):
            _add_line(record, line)
        if record.text(b"P"):
            yield record


def _add_line(record: Record, line: bytes) -> None:
    letter = line[:2]
    if letter == b"F:":
        record.folders.append(Folder(line[2:]))
    elif not record.folders or line[:1] not in (b"M", b"R", b"a", b"Z"):
        record.header.append(line)
    elif letter == b"R:":
        record.folders[-1].files.append((line[2:], []))
    elif record.folders[-1].files:
        record.folders[-1].files[-1][1].append(line)
    else:
        record.folders[-1].lines.append(line)


def catalog(tree: FileTree, distro: Distro, found: Found) -> None:
    """Add every installed Alpine package of `tree` to `found`."""
    database = find_database(tree, found)
    if database is None:
        return
    location, content = database
    owned = files.OwnedPaths(tree)
    for record in parse_installed(content):
        found.packages.append(_package(record, distro, location, owned.existing(record.paths())))


def find_database(tree: FileTree, found: Found) -> tuple[bytes, bytes] | None:
    """(path, content) of the database, if there is one."""
    for path in DATABASES:
        database = files.read(tree, path, found, limit=MAX_DATABASE_BYTES)
        if database is not None:
            return database
    return None


def _package(record: Record, distro: Distro, location: bytes, owned: tuple[bytes, ...]) -> Package:
    name, version, arch, origin = (record.text(letter) for letter in (b"P", b"V", b"A", b"o"))
    source = origin if origin != name else ""
    qualifiers = (("arch", arch), ("distro", distro.tag), ("upstream", source))
    return Package(
        ecosystem=Ecosystem.APK,
        name=name,
        version=version,
        arch=arch,
        source=source,
        depends=_names(record.text(b"D")),
        provides=_names(record.text(b"p")),
        license=record.text(b"L"),
        purl=purl(Ecosystem.APK, name, version, namespace=distro.id or "alpine", qualifiers=qualifiers),
        files=owned,
        location=location,
    )


def _names(value: str) -> tuple[str, ...]:
    """Names without version constraints; `!name` is a conflict, not a need."""
    return tuple(
        dict.fromkeys(_CONSTRAINT.sub("", word) for word in value.split() if not word.startswith("!"))
    )
