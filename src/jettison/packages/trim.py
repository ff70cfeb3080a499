"""Package databases for an image of which only some files are kept, so that a scanner sees what is there and
no more.

* dpkg: `status.d/NAME` and `NAME.md5sums` limited to the kept files, as images without dpkg have them; where
  dpkg itself stays, `status`, the lists and the sums of its own database are trimmed instead.
* apk: the installed database with the remaining records, each with the files that remain.
* rpm: the SQLite database without the rows of removed packages. The headers of the others stay as they are:
  they are signed as a whole, so a file list cannot be cut; the bill of materials says what is left of each.
* Python, npm, gems: the metadata file of each remaining package stays, so nothing is written.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jettison.errors import JettisonError
from jettison.layers.entry import Entry, Kind
from jettison.layers.path import parent
from jettison.packages import apk, dpkg, files, rpm
from jettison.packages.contents import Contents, Remaining, by_ecosystem, contents
from jettison.packages.distro import IDENTITY_FILES
from jettison.packages.inventory import Inventory
from jettison.packages.model import SYSTEM, Ecosystem, Found, Problem

if TYPE_CHECKING:
    from jettison.layers.tree import FileTree, Node

_DPKG_READERS: Final = (b"usr/bin/dpkg", b"usr/bin/dpkg-query")
_APK_PROGRAMS: Final = (b"sbin/apk", b"usr/sbin/apk", b"usr/bin/apk")
_DEB_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]*\Z")
"""Debian policy 5.6.1; anything else could be no file name of ours."""


@dataclass(frozen=True, slots=True)
class Trimmed:
    """What to write instead of the kept paths alone."""

    paths: frozenset[bytes]
    """The kept paths without stale database files, with the files that identify the distribution and each
    package."""
    extra: tuple[tuple[Entry, bytes], ...]
    """Files to write that are not the original's, sorted by path; none of them is in `paths`."""
    contents: Contents
    problems: tuple[Problem, ...]


@dataclass
class _Work:
    tree: FileTree
    kept: Set[bytes]
    found: Found = field(default_factory=Found)
    drop: set[bytes] = field(default_factory=set)
    add: set[bytes] = field(default_factory=set)
    extra: dict[bytes, tuple[Entry, bytes]] = field(default_factory=dict)

    @cached_property
    def folders(self) -> frozenset[bytes]:
        """All folders that hold a kept path, however deep."""
        out: set[bytes] = {b""}
        for path in self.kept:
            folder = parent(path)
            while folder not in out:
                out.add(folder)
                folder = parent(folder)
        return frozenset(out)

    def write(self, path: bytes, content: bytes, like: Node) -> None:
        """Put a file of our own at `path`, with the owner, mode and time of `like`."""
        entry = Entry(
            path=path,
            kind=Kind.FILE,
            mode=like.mode,
            uid=like.uid,
            gid=like.gid,
            size=len(content),
            mtime_ns=like.mtime_ns,
        )
        self.extra[path] = entry, content

    def drop_under(self, folder: bytes) -> None:
        """Leave out every path below `folder`."""
        self.drop.update(path for path in self.kept if path.startswith(folder + b"/"))


def trim(tree: FileTree, inventory: Inventory, kept: Set[bytes]) -> Trimmed:
    """The honest databases for an image that keeps only the paths `kept` of `tree`.

    Never raises for what the image holds; a database that cannot be trimmed is left out and stands in
    `problems`.
    """
    left = contents(inventory, kept)
    work = _Work(tree, kept)
    _trim_dpkg(work, by_ecosystem(left.remaining, Ecosystem.DEB))
    _trim_apk(work, by_ecosystem(left.remaining, Ecosystem.APK))
    _trim_rpm(work, by_ecosystem(left.remaining, Ecosystem.RPM))
    _identify(work, left)
    paths = (kept - work.drop | work.add) - work.extra.keys()
    extra = tuple(work.extra[path] for path in sorted(work.extra))
    return Trimmed(frozenset(paths), extra, left, tuple(work.found.problems))


def _identify(work: _Work, left: Contents) -> None:
    """Keep what names the distribution (with the links to it) and the metadata file of each language
    package."""
    for path in IDENTITY_FILES:
        resolved = work.tree.resolve(path)
        if resolved.node is not None:
            work.add |= {resolved.path, *resolved.links}
    work.add |= {e.package.location for e in left.remaining if e.package.ecosystem not in SYSTEM}


# --- dpkg
# ----------------------------------------------------------------------------------------------------------
def _trim_dpkg(work: _Work, remaining: list[Remaining]) -> None:
    identities = {(entry.package.location, entry.package.name, entry.package.arch) for entry in remaining}
    parts = [
        (location, stanza)
        for location, stanza in dpkg.stanzas(work.tree, work.found)
        if (location, stanza.name, stanza.text(b"architecture")) in identities
    ]
    work.drop_under(dpkg.FOLDER)
    status = work.tree.resolve(dpkg.STATUS).node
    if status is not None and any(path in work.kept for path in _DPKG_READERS):
        _write_database(work, status, [part for part in parts if part[0] == status.path])
        parts = [part for part in parts if part[0] != status.path]
    _write_single_files(work, parts)


def _write_single_files(work: _Work, parts: Iterable[tuple[bytes, dpkg.Stanza]]) -> None:
    owned = files.OwnedPaths(work.tree)
    for location, stanza in sorted(parts, key=lambda part: (part[1].name, part[1].text(b"architecture"))):
        like = work.tree.get(location)
        if like is None or not _DEB_NAME.match(stanza.name):
            work.found.problem(location, f"package {stanza.name!r} has no name that a file could have")
            continue
        if dpkg.STATUS_D not in work.extra and work.tree.get(dpkg.STATUS_D) is None:
            folder = Entry(path=dpkg.STATUS_D, kind=Kind.DIR, mode=0o755, mtime_ns=like.mtime_ns)
            work.extra[dpkg.STATUS_D] = folder, b""
        path = dpkg.STATUS_D + b"/" + stanza.name.encode()
        if path in work.extra:  # the same package for a second architecture
            path += b":" + stanza.text(b"architecture").encode()
        work.write(path, _stanza(stanza, owned, work.kept), like)
        work.write(path + dpkg.MD5SUMS, _sums(work, location, stanza, owned), like)


def _write_database(work: _Work, status: Node, parts: list[tuple[bytes, dpkg.Stanza]]) -> None:
    """Trim dpkg's own database in place: dpkg -l, -L, -S and -V then agree with the image."""
    owned = files.OwnedPaths(work.tree)
    work.write(status.path, b"".join(_stanza(s, owned, work.kept) + b"\n" for _, s in parts), status)
    starts = {start for _, stanza in parts for start in dpkg.info_names(stanza)}
    folder = work.tree.resolve(dpkg.INFO).path
    for child in work.tree.children(folder):
        start, _, suffix = child.path.removeprefix(folder + b"/").rpartition(b".")
        if start in starts:
            _info_file(work, child, suffix, owned)
    work.add |= {node.path for node in work.tree.walk(dpkg.FOLDER) if not node.path.startswith(folder + b"/")}


def _info_file(work: _Work, node: Node, suffix: bytes, owned: files.OwnedPaths) -> None:
    work.add.add(node.path)
    if suffix not in (b"list", b"md5sums"):
        return
    content = files.read_node(work.tree, node, work.found, limit=dpkg.MAX_DATABASE_BYTES) or b""
    path_of: Callable[[bytes], bytes] = (lambda line: line) if suffix == b"list" else (lambda line: line[34:])
    lines = (line for line in content.splitlines() if _remains(path_of(line), owned, work))
    work.write(node.path, b"".join(line + b"\n" for line in lines), node)


def _remains(listed: bytes, owned: files.OwnedPaths, work: _Work) -> bool:
    final = owned.final(listed)
    if final is None:
        return False
    return final in work.kept or final in work.folders


def _stanza(stanza: dpkg.Stanza, owned: files.OwnedPaths, kept: Set[bytes]) -> bytes:
    """The paragraph as it was, its Conffiles limited to those that remain."""

    def remaining(match: re.Match[bytes]) -> bytes:
        lines = match[0].splitlines()[1:]
        left = [line for line in lines if line.split() and owned.final(line.split()[0]) in kept]
        return b"\n".join([b"Conffiles:", *left, b""]) if left else b""

    return re.sub(rb"^Conffiles:[ \t]*\n(?:[ \t].*\n?)*", remaining, stanza.raw + b"\n", flags=re.M)


def _sums(work: _Work, location: bytes, stanza: dpkg.Stanza, owned: files.OwnedPaths) -> bytes:
    """The md5sums lines of the files that remain; computed where the package came without any."""
    lines = dpkg.sums(work.tree, location, stanza, work.found)
    if lines is not None:
        finals = [(digest, owned.final(path)) for digest, path in lines]
        return b"".join(b"%s  %s\n" % (digest, path) for digest, path in finals if path in work.kept)
    listed = dpkg.listed(work.tree, location, stanza, work.found)
    return b"".join(_computed(work, path) for path in owned.existing(listed) if path in work.kept)


def _computed(work: _Work, path: bytes) -> bytes:
    node = work.tree.get(path)
    if node is None or node.kind != Kind.FILE:
        return b""
    digest = hashlib.md5(usedforsecurity=False)
    with work.tree.open(node) as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return b"%s  %s\n" % (digest.hexdigest().encode(), path)


# --- apk
# -----------------------------------------------------------------------------------------------------------
def _trim_apk(work: _Work, remaining: list[Remaining]) -> None:
    database = apk.find_database(work.tree, work.found)
    if database is None:
        return
    path, content = database
    if not any(program in work.kept for program in _APK_PROGRAMS):
        work.drop_under(parent(path))
    names = {(entry.package.name, entry.package.version) for entry in remaining}
    owned = files.OwnedPaths(work.tree)
    records = (r for r in apk.parse_installed(content) if (r.text(b"P"), r.text(b"V")) in names)
    node = work.tree.get(path)
    if node is not None and names:
        work.write(path, b"".join(_record(record, owned, work.kept) for record in records), node)


def _record(record: apk.Record, owned: files.OwnedPaths, kept: Set[bytes]) -> bytes:
    lines = list(record.header)
    for folder in record.folders:
        inside = [
            (name, rest) for name, rest in folder.files if owned.final(folder.path + b"/" + name) in kept
        ]
        if inside or owned.final(folder.path) in kept:
            lines += [b"F:" + folder.path, *folder.lines]
            for name, rest in inside:
                lines += [b"R:" + name, *rest]
    return b"\n".join(lines) + b"\n\n"


# --- rpm
# -----------------------------------------------------------------------------------------------------------
def _trim_rpm(work: _Work, remaining: list[Remaining]) -> None:
    node = rpm.find_database(work.tree, work.found)
    if node is None:
        return
    work.drop_under(parent(node.path))
    if not remaining:
        return
    names = {(entry.package.name, entry.package.version, entry.package.arch) for entry in remaining}
    try:
        work.write(node.path, rpm_without(work.tree, node, names), node)
    except (JettisonError, sqlite3.Error, OSError) as error:
        work.found.problem(node.path, f"could not be trimmed: {error}")


def rpm_without(tree: FileTree, node: Node, names: Set[tuple[str, str, str]]) -> bytes:
    """The database with only the packages `names` (name, version with epoch, architecture)."""
    with tempfile.TemporaryDirectory(prefix="jettison-rpm-") as folder:
        path = rpm.copy_database(tree, node, Path(folder))
        with rpm.guarded(path) as connection:
            gone = [(number,) for number, identity in rpm.identities(connection) if identity not in names]
            for table in _numbered_tables(connection):
                connection.executemany(f'DELETE FROM "{table}" WHERE hnum = ?', gone)  # noqa: S608 - see below
            connection.commit()
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("VACUUM")
        return path.read_bytes()


def _numbered_tables(connection: sqlite3.Connection) -> Iterator[str]:
    """Tables with a row per package or per index entry of one; their names are checked, since they are not
    ours."""
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall():
        if re.fullmatch(r"[A-Za-z]+", table):
            columns = {row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')}
            if "hnum" in columns:
                yield table
