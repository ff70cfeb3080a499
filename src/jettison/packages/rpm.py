"""RPM packages: the SQLite database of rpm ≥ 4.16 (rpm manual, "RPM v4 header format", "database backends").

The older Berkeley DB and NDB files are reported as a problem, not read.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
import struct
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jettison.errors import InvalidInputError, JettisonError
from jettison.layers.entry import Kind
from jettison.packages import files
from jettison.packages.model import Distro, Ecosystem, Found, Package, purl

if TYPE_CHECKING:
    from jettison.layers.tree import FileTree, Node

FOLDERS: Final = (b"usr/lib/sysimage/rpm", b"var/lib/rpm")
SQLITE: Final = b"rpmdb.sqlite"
UNREAD: Final = (b"Packages", b"Packages.db")
MAX_DATABASE_BYTES: Final = 512 << 20
"""A database: about 60 kB a package."""
MAX_HEADER_BYTES: Final = 256 << 20
"""One package's header; headerMaxData of rpm."""
MAX_TAGS: Final = 0xFFFF
"""Entries of one header; headerMaxTags of rpm."""
QUERY_SECONDS: Final = 60
"""How long reading one database may take, so that a hostile one cannot hold the program."""

_NAME, _VERSION, _RELEASE, _EPOCH, _LICENSE, _ARCH = 1000, 1001, 1002, 1003, 1014, 1022
_SOURCE, _PROVIDES, _REQUIRES, _DIR_INDEXES, _BASENAMES, _DIRNAMES = 1044, 1047, 1049, 1116, 1117, 1118
_WANTED = frozenset(
    {_NAME, _VERSION, _RELEASE, _EPOCH, _LICENSE, _ARCH}
    | {_SOURCE, _PROVIDES, _REQUIRES, _DIR_INDEXES, _BASENAMES, _DIRNAMES}
)
_INT32, _STRING, _STRING_ARRAY, _I18N = 4, 6, 8, 9
_SOURCE_NAME = re.compile(r"(.+)-([^-]+)-([^-]+)\.(?:no)?src\.rpm\Z")

_PROGRAMS = "SELECT 1 FROM sqlite_master WHERE type IN ('trigger', 'view')"
_HAS_TABLE = "SELECT 1 FROM sqlite_master WHERE type='table' AND name='Packages'"

Header = dict[int, list[bytes] | list[int]]


def parse_header(blob: bytes) -> Header:
    """The tags of a header that are needed here; `InvalidInputError` if it points outside of itself."""
    if len(blob) < 8:
        raise InvalidInputError("rpm header is truncated")
    entries, size = struct.unpack_from(">II", blob)
    store = 8 + 16 * entries
    if entries > MAX_TAGS or store + size > len(blob):
        raise InvalidInputError("rpm header points outside of itself")
    data = memoryview(blob)[store : store + size]
    header: Header = {}
    for index in range(entries):
        tag, kind, offset, count = struct.unpack_from(">IIII", blob, 8 + 16 * index)
        if tag in _WANTED:
            header[tag] = _values(data, kind, offset, count)
    return header


def _values(data: memoryview, kind: int, offset: int, count: int) -> list[bytes] | list[int]:
    if offset > len(data) or count > len(data):
        raise InvalidInputError("rpm header points outside of itself")
    if kind == _INT32:
        if offset + 4 * count > len(data):
            raise InvalidInputError("rpm header points outside of itself")
        return list(struct.unpack_from(f">{count}I", data, offset))
    if kind in (_STRING, _STRING_ARRAY, _I18N):
        return bytes(data[offset:]).split(b"\0", count)[:count]
    return []


def catalog(tree: FileTree, distro: Distro, found: Found) -> None:
    """Add every installed RPM package of `tree` to `found`."""
    database = find_database(tree, found)
    if database is None:
        return
    owned = files.OwnedPaths(tree)
    try:
        with opened(tree, database) as connection:
            for (blob,) in connection.execute("SELECT blob FROM Packages ORDER BY hnum"):
                _add(blob, distro, database.path, owned, found)
    except (JettisonError, sqlite3.Error, OSError) as error:
        found.problem(database.path, str(error))


def find_database(tree: FileTree, found: Found) -> Node | None:
    """The SQLite database; other kinds are noted in `found`."""
    for folder in FOLDERS:
        node = tree.resolve(folder + b"/" + SQLITE).node
        if node is not None and node.kind == Kind.FILE:
            return node
        for old in UNREAD:
            node = tree.resolve(folder + b"/" + old).node
            if node is not None and node.kind == Kind.FILE:
                found.problem(node.path, "rpm database in the Berkeley DB or NDB form, which is not read")
                return None
    return None


@contextlib.contextmanager
def opened(tree: FileTree, node: Node) -> Iterator[sqlite3.Connection]:
    """A connection to a private copy of the database; `InvalidInputError` if it is none."""
    with (
        tempfile.TemporaryDirectory(prefix="jettison-rpm-") as folder,
        guarded(copy_database(tree, node, Path(folder))) as connection,
    ):
        yield connection


@contextlib.contextmanager
def guarded(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection through which a hostile database can neither run code nor compute for ever."""
    connection = sqlite3.connect(path)
    try:
        deadline = time.monotonic() + QUERY_SECONDS
        connection.set_progress_handler(lambda: time.monotonic() > deadline, 100_000)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_HEADER_BYTES)
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA cell_size_check=ON")
        # Triggers and a view of that name could do anything; rpm has neither.
        if connection.execute(_PROGRAMS).fetchone() or not connection.execute(_HAS_TABLE).fetchone():
            raise InvalidInputError("is no rpm database")
        yield connection
    finally:
        connection.close()


def identities(connection: sqlite3.Connection) -> Iterator[tuple[int, tuple[str, str, str]]]:
    """(row number, (name, version with epoch, architecture)) of each package; `InvalidInputError` for a bad
    header."""
    for number, blob in connection.execute("SELECT hnum, blob FROM Packages").fetchall():
        header = parse_header(bytes(blob))
        yield number, (_text(header, _NAME), _full_version(header), _text(header, _ARCH))


def copy_database(tree: FileTree, node: Node, folder: Path) -> Path:
    """Copy the database, with its write-ahead log, into `folder`; `InvalidInputError` over the bound."""
    main = folder / "rpmdb.sqlite"
    for suffix in (b"", b"-wal"):
        part = tree.get(node.path + suffix)
        if part is None or part.kind != Kind.FILE:
            continue
        if part.size > MAX_DATABASE_BYTES:
            raise InvalidInputError(f"rpm database is larger than {MAX_DATABASE_BYTES} bytes")
        with tree.open(part) as source, (folder / (main.name + suffix.decode())).open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
    return main


def _add(blob: object, distro: Distro, location: bytes, owned: files.OwnedPaths, found: Found) -> None:
    try:
        if not isinstance(blob, bytes):
            raise InvalidInputError("rpm header is not a blob")
        header = parse_header(blob)
        package = _package(header, distro, location, owned.existing(_paths(header)))
    except InvalidInputError as error:
        found.problem(location, str(error))
        return
    # Keys that were imported to check signatures stand in the database as packages, without being any.
    if package.name and package.name != "gpg-pubkey":
        found.packages.append(package)


def _paths(header: Header) -> Iterator[bytes]:
    folders = header.get(_DIRNAMES, [])
    for index, base in zip(header.get(_DIR_INDEXES, []), header.get(_BASENAMES, []), strict=False):
        if not isinstance(index, int) or not isinstance(base, bytes) or index >= len(folders):
            raise InvalidInputError("rpm header names a folder that it does not have")
        folder = folders[index]
        if isinstance(folder, bytes):
            yield folder + base


def _package(header: Header, distro: Distro, location: bytes, owned: tuple[bytes, ...]) -> Package:
    name, arch, source_rpm = (_text(header, tag) for tag in (_NAME, _ARCH, _SOURCE))
    version = f"{_text(header, _VERSION)}-{_text(header, _RELEASE)}"
    epoch = _text(header, _EPOCH)
    source = _SOURCE_NAME.match(source_rpm)
    qualifiers = (("arch", arch), ("distro", distro.tag), ("epoch", epoch), ("upstream", source_rpm))
    return Package(
        ecosystem=Ecosystem.RPM,
        name=name,
        version=_full_version(header),
        arch=arch,
        source=source[1] if source and source[1] != name else "",
        source_version=f"{source[2]}-{source[3]}" if source and source[1] != name else "",
        depends=_needs(header),
        provides=_texts(header, _PROVIDES),
        license=_text(header, _LICENSE),
        purl=purl(Ecosystem.RPM, name, version, namespace=distro.id, qualifiers=qualifiers),
        files=owned,
        location=location,
    )


def _full_version(header: Header) -> str:
    epoch = _text(header, _EPOCH)
    version = f"{_text(header, _VERSION)}-{_text(header, _RELEASE)}"
    return f"{epoch}:{version}" if epoch else version


def _needs(header: Header) -> tuple[str, ...]:
    """Names of packages, sonames and paths that are required; `rpmlib(…)` features of rpm itself are not."""
    return tuple(text for text in _texts(header, _REQUIRES) if not text.startswith("rpmlib("))


def _texts(header: Header, tag: int) -> tuple[str, ...]:
    values = header.get(tag, [])
    return tuple(dict.fromkeys(v.decode(errors="replace") for v in values if isinstance(v, bytes)))


def _text(header: Header, tag: int) -> str:
    values = header.get(tag)
    value = values[0] if values else b""
    return str(value) if isinstance(value, int) else value.decode(errors="replace")
