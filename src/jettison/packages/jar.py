"""Java archives: what a jar, war or ear says it is, and those within it (JAR specification, Maven)."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from jettison.errors import JettisonError, LimitError
from jettison.layers.path import name
from jettison.packages.model import Ecosystem, Found, Package, purl

if TYPE_CHECKING:
    from jettison.layers.tree import FileTree, Node

PATTERN = rb"[^/]+\.(?:[jwe]ar|hpi|jpi)"
MAX_DIRECTORY_BYTES: Final = 64 << 20
"""The central directory of an archive, read whole by zipfile; 200 bytes an entry."""
MAX_MEMBER_BYTES: Final = 1 << 20
"""A manifest or pom.properties."""
MAX_NESTED_BYTES: Final = 256 << 20
"""An archive within an archive, held in memory."""
MAX_DEPTH: Final = 3
"""Archives within archives; an ear holds wars that hold jars."""

_POM = re.compile(r"META-INF/maven/([^/]+)/([^/]+)/pom\.properties\Z")
_NESTED = re.compile(r".+\.(?:jar|war)\Z")
_FILE_NAME = re.compile(r"(?P<name>.+?)(?:[-_](?P<version>\d[\w.+~-]*))?\.(?:[jwe]ar|hpi|jpi)\Z")
_TITLES: Final = (
    "Bundle-SymbolicName",
    "Implementation-Title",
    "Automatic-Module-Name",
    "Specification-Title",
)
_VERSIONS: Final = ("Implementation-Version", "Bundle-Version", "Specification-Version")
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
)


class _Bounded(io.RawIOBase):
    """A file whose single reads are bounded: zipfile reads as much at once as the archive tells it to."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(
            MAX_DIRECTORY_BYTES + 1 if size < 0 else min(size, MAX_DIRECTORY_BYTES + 1)
        )
        if len(content) > MAX_DIRECTORY_BYTES:
            raise LimitError("archive has a directory that is too large")
        return content

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def seekable(self) -> bool:
        return True


def catalog(tree: FileTree, nodes: Sequence[Node], found: Found) -> None:
    """Add every archive of `nodes`, and those within them, to `found`; all of one file share its path."""
    for node in nodes:
        try:
            with tree.open(node) as stream:
                label = name(node.path).decode(errors="replace")
                found.packages += _packages(stream, label, node.path, found, depth=0)
        except (JettisonError, *_UNREADABLE) as error:
            found.problem(node.path, str(error))


def _packages(stream: BinaryIO, label: str, location: bytes, found: Found, *, depth: int) -> list[Package]:
    with zipfile.ZipFile(cast("BinaryIO", _Bounded(stream))) as archive:
        out = list(_own(archive, label, location))
        for member in archive.infolist():
            if depth < MAX_DEPTH and _NESTED.match(member.filename):
                out += _nested(archive, member, location, found, depth=depth)
        return out


def _nested(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, location: bytes, found: Found, *, depth: int
) -> list[Package]:
    label = member.filename.rpartition("/")[2]
    try:
        content = io.BytesIO(_member(archive, member, MAX_NESTED_BYTES))
        return _packages(content, label, location, found, depth=depth + 1)
    except (JettisonError, *_UNREADABLE) as error:
        found.problem(location, f"{member.filename}: {error}")
        return []


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> bytes:
    with archive.open(member) as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise LimitError(f"{member.filename} is larger than {limit} bytes")
    return content


def _own(archive: zipfile.ZipFile, label: str, location: bytes) -> Iterator[Package]:
    """Each Maven artefact that an archive holds (shaded jars have many), else what its manifest says."""
    poms = [member for member in archive.infolist() if _POM.match(member.filename)]
    manifest = _manifest(archive)
    for member in poms:
        fields = parse_properties(_member(archive, member, MAX_MEMBER_BYTES))
        if fields.get("artifactId") and fields.get("version"):
            yield _package(
                fields.get("groupId", ""), fields["artifactId"], fields["version"], manifest, location
            )
    if not poms:
        named = _FILE_NAME.match(label)
        title = named["name"] if named else label
        version = _first(manifest, _VERSIONS) or (named["version"] if named else "") or ""
        yield _package(_group(manifest, title), title, version, manifest, location)


def _manifest(archive: zipfile.ZipFile) -> Mapping[str, str]:
    try:
        member = archive.getinfo("META-INF/MANIFEST.MF")
    except KeyError:
        return {}
    return parse_manifest(_member(archive, member, MAX_MEMBER_BYTES))


def parse_manifest(content: bytes) -> dict[str, str]:
    """The main section of a manifest; lines that begin with a space continue the one before."""
    text = re.sub(r"\r?\n ", "", content.decode(errors="replace"))
    main = re.split(r"\r?\n\r?\n", text, maxsplit=1)[0]
    pairs = (line.partition(":") for line in main.splitlines())
    return {key.strip(): value.strip() for key, separator, value in pairs if separator}


def parse_properties(content: bytes) -> dict[str, str]:
    """A pom.properties: plain `key=value` lines."""
    pairs = (line.partition("=") for line in content.decode(errors="replace").splitlines())
    return {
        key.strip(): value.strip() for key, separator, value in pairs if separator and not key.startswith("#")
    }


def _first(fields: Mapping[str, str], names: Sequence[str]) -> str:
    return next((fields[key] for key in names if fields.get(key)), "")


def _group(manifest: Mapping[str, str], title: str) -> str:
    """The best guess of the Maven group: the vendor id, or the symbolic name without the artefact's own."""
    vendor = manifest.get("Implementation-Vendor-Id", "")
    symbolic = _first(manifest, _TITLES).partition(";")[0]
    if vendor or "." not in symbolic or " " in symbolic:
        return vendor
    return symbolic.removesuffix("." + title)


def _package(
    group: str, artifact: str, version: str, manifest: Mapping[str, str], location: bytes
) -> Package:
    return Package(
        ecosystem=Ecosystem.MAVEN,
        name=f"{group}:{artifact}" if group else artifact,
        version=version,
        license=manifest.get("Bundle-License", "").partition(";")[0],
        purl=purl(Ecosystem.MAVEN, artifact, version, namespace=group),
        files=(location,),
        location=location,
    )
