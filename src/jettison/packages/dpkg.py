"""Debian packages: dpkg's database, and `status.d` in images without dpkg (deb-control(5), dpkg(1))."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jettison.packages import files
from jettison.packages.model import Distro, Ecosystem, Found, Package, purl

if TYPE_CHECKING:
    from jettison.layers.tree import FileTree

FOLDER = b"var/lib/dpkg"
STATUS = FOLDER + b"/status"
STATUS_D = FOLDER + b"/status.d"
INFO = FOLDER + b"/info"
DIVERSIONS = FOLDER + b"/diversions"
MAX_DATABASE_BYTES = 64 << 20
"""A status file: about 1 kB a package; a full desktop has 4 MB."""

_FIELD = re.compile(rb"^([!-9;-~]+):[ \t]*(.*(?:\n[ \t].*)*)", re.M)
_ABSENT = frozenset({b"not-installed", b"config-files"})
_VERSIONED = re.compile(r"\s*\(.*?\)|\s*\[.*?\]|\s*<.*?>|:any\b|:native\b")
MD5SUMS = b".md5sums"


@dataclass(frozen=True, slots=True)
class Stanza:
    """One package's paragraph: the bytes as they stand in the database, and its fields by lower-case name."""

    raw: bytes
    fields: Mapping[bytes, bytes]

    def text(self, field: bytes) -> str:
        """A field's value as text, empty if it is absent."""
        return self.fields.get(field, b"").decode(errors="replace").strip()

    @property
    def name(self) -> str:
        """The package's name."""
        return self.text(b"package")

    @property
    def installed(self) -> bool:
        """Whether its files are there; a paragraph without Status (`status.d`) always is."""
        status = self.fields.get(b"status")
        return status is None or (status.split() or [b""])[-1] not in _ABSENT

    @property
    def conffiles(self) -> list[bytes]:
        """Configuration files; most, but not all of them, also stand in the package's list."""
        lines = self.fields.get(b"conffiles", b"").splitlines()
        return [
            line.split()[0] for line in lines if line.split() and not line.rstrip().endswith(b" obsolete")
        ]


def parse_stanzas(content: bytes) -> Iterator[Stanza]:
    """The paragraphs of a status file; those without a package name are skipped."""
    for raw in re.split(rb"\n[ \t]*\n", content):
        fields = {key.lower(): value for key, value in _FIELD.findall(raw)}
        if fields.get(b"package", b"").strip():
            yield Stanza(raw.strip(b"\n"), fields)


def catalog(tree: FileTree, distro: Distro, found: Found) -> None:
    """Add every installed Debian package of `tree` to `found`."""
    owned = files.OwnedPaths(tree)
    diverted = _diversions(tree, found)
    for location, stanza in stanzas(tree, found):
        moved = [_undiverted(p, stanza.name, diverted) for p in listed(tree, location, stanza, found)]
        found.packages.append(_package(stanza, distro, location, owned.existing(moved)))


def stanzas(tree: FileTree, found: Found) -> Iterator[tuple[bytes, Stanza]]:
    """(file it stands in, paragraph) of every installed package, from `status` and from `status.d`."""
    status = files.read(tree, STATUS, found, limit=MAX_DATABASE_BYTES)
    sources = [status] if status is not None else []
    folder = tree.resolve(STATUS_D)
    for child in tree.names(folder.path) if folder.node is not None else ():
        single = None if child.endswith(MD5SUMS) else files.read(tree, folder.path + b"/" + child, found)
        if single is not None:
            sources.append(single)
    for location, content in sources:
        for stanza in parse_stanzas(content):
            if stanza.installed:
                yield location, stanza


def dependency_names(*fields: str) -> tuple[str, ...]:
    """The names in Depends-like fields: `a (>= 1) | b, c:any` gives a, b, c."""
    out: dict[str, None] = {}
    for alternative in re.split(r"[,|]", ",".join(fields)):
        bare = _VERSIONED.sub("", alternative).strip()
        if bare:
            out[bare] = None
    return tuple(out)


def info_names(stanza: Stanza) -> tuple[bytes, bytes]:
    """How the names of a package's files in `info/` may start; with the architecture for Multi-Arch: same."""
    plain = stanza.fields[b"package"].strip()
    return plain, plain + b":" + stanza.fields.get(b"architecture", b"").strip()


def _package(stanza: Stanza, distro: Distro, location: bytes, owned: tuple[bytes, ...]) -> Package:
    version, arch = stanza.text(b"version"), stanza.text(b"architecture")
    source, source_version = _source(stanza)
    upstream = f"{source}@{source_version}" if source_version else source
    qualifiers = (("arch", arch), ("distro", distro.tag), ("upstream", upstream))
    return Package(
        ecosystem=Ecosystem.DEB,
        name=stanza.name,
        version=version,
        arch=arch,
        source=source,
        source_version=source_version,
        depends=dependency_names(stanza.text(b"pre-depends"), stanza.text(b"depends")),
        provides=dependency_names(stanza.text(b"provides")),
        purl=purl(
            Ecosystem.DEB, stanza.name, version, namespace=distro.id or "debian", qualifiers=qualifiers
        ),
        files=owned,
        location=location,
    )


def _source(stanza: Stanza) -> tuple[str, str]:
    source, _, rest = stanza.text(b"source").partition("(")
    return source.strip(), rest.rstrip(") ").strip()


def listed(tree: FileTree, location: bytes, stanza: Stanza, found: Found) -> list[bytes]:
    """Every path the database that `location` belongs to has for a package; diversions are not applied."""
    if location.startswith(STATUS_D + b"/"):
        return [path for _, path in sums(tree, location, stanza, found) or ()] + stanza.conffiles
    for start in info_names(stanza):
        content = files.read(tree, INFO + b"/" + start + b".list", found, limit=MAX_DATABASE_BYTES)
        if content is not None:
            return [line for line in content[1].split(b"\n") if line not in (b"", b"/.")] + stanza.conffiles
    return stanza.conffiles


def sums(tree: FileTree, location: bytes, stanza: Stanza, found: Found) -> list[tuple[bytes, bytes]] | None:
    """(digest, path relative to the root) of each file a package came with; None if the database has no sums
    for it."""
    own = location.startswith(STATUS_D + b"/")
    for start in [location] if own else [INFO + b"/" + start for start in info_names(stanza)]:
        content = files.read(tree, start + MD5SUMS, found, limit=MAX_DATABASE_BYTES)
        if content is not None:
            return md5_lines(content[1])
    return None


def md5_lines(content: bytes) -> list[tuple[bytes, bytes]]:
    """(digest, path relative to the root) of an md5sums file."""
    pairs = (line.partition(b"  ")[::2] for line in content.split(b"\n"))
    return [(digest, path.removeprefix(b"./").lstrip(b"/")) for digest, path in pairs if path]


Diversions = Mapping[bytes, tuple[bytes, str]]


def _diversions(tree: FileTree, found: Found) -> Diversions:
    """Path → (where dpkg put it instead, package that is exempt, `:` for none); dpkg-divert(1)."""
    content = files.read(tree, DIVERSIONS, found)
    lines = content[1].split(b"\n") if content is not None else []
    triples = zip(lines[0::3], lines[1::3], lines[2::3], strict=False)
    return {path: (to, by.decode(errors="replace")) for path, to, by in triples}


def _undiverted(path: bytes, package: str, diverted: Diversions) -> bytes:
    """Where the file that `package` lists as `path` really lies."""
    to, exempt = diverted.get(path, (path, package))
    return path if exempt == package else to
