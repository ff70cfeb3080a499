"""Python distributions: dist-info and egg-info (PEP 376, PEP 503, PEP 508, core metadata, RECORD)."""

from __future__ import annotations

import csv
import email.parser
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jettison.layers.entry import Kind
from jettison.layers.path import name, parent
from jettison.packages import files
from jettison.packages.model import Ecosystem, Found, Package, purl

if TYPE_CHECKING:
    from jettison.layers.tree import FileTree, Node

PATTERN = rb"[^/]+\.(?:dist-info/METADATA|egg-info(?:/PKG-INFO)?)|EGG-INFO/PKG-INFO"
"""The metadata files, by the end of their path; Debian's `.egg-info` may itself be the file."""
MAX_RECORD_BYTES = 64 << 20

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)([^;]*)(?:;(.*))?")
_EXTRA = re.compile(r"\bextra\s*==|==\s*\bextra\b")


def catalog(tree: FileTree, nodes: Sequence[Node], found: Found) -> None:
    """Add the distribution of each metadata file in `nodes` to `found`."""
    for node in nodes:
        content = files.read_node(tree, node, found)
        if content is None:
            continue
        headers = parse_metadata(content)
        if headers.get("name") and headers.get("version"):
            found.packages.append(_package(tree, node, headers, found))
        else:
            found.problem(node.path, "names no distribution or no version")


class Metadata(dict[str, str]):
    """The first value of each header, by lower-case name; all values of `requires-dist` in `requires`."""

    requires: tuple[str, ...] = ()


def parse_metadata(content: bytes) -> Metadata:
    """The headers of METADATA or PKG-INFO; the description is left out."""
    head = re.split(rb"\r?\n\r?\n", content, maxsplit=1)[0]
    message = email.parser.HeaderParser().parsestr(head.decode(errors="replace"))
    metadata = Metadata()
    for key, value in message.items():
        metadata.setdefault(key.lower(), str(value).strip())
    metadata.requires = tuple(str(value) for value in message.get_all("requires-dist", []))
    return metadata


def canonical(text: str) -> str:
    """A project's name in the one spelling that compares equal (PEP 503)."""
    return re.sub(r"[-_.]+", "-", text).lower()


def required(requirements: Sequence[str]) -> tuple[str, ...]:
    """Canonical names needed whatever extras are asked for (PEP 508); other markers are not evaluated."""
    out: dict[str, None] = {}
    for text in requirements:
        match = _REQUIREMENT.match(text)
        if match and not _EXTRA.search(match[3] or ""):
            out[canonical(match[1])] = None
    return tuple(out)


def _package(tree: FileTree, node: Node, headers: Metadata, found: Found) -> Package:
    label, version = headers["name"], headers["version"]
    return Package(
        ecosystem=Ecosystem.PYPI,
        name=canonical(label),
        version=version,
        depends=required(headers.requires) or required(_egg_requires(tree, node, found)),
        license=headers.get("license-expression") or _short(headers.get("license", "")),
        purl=purl(Ecosystem.PYPI, canonical(label), version),
        files=_owned(tree, node, found),
        location=node.path,
    )


def _short(license_text: str) -> str:
    """The licence's name; some projects put its whole text into the field."""
    return license_text.partition("\n")[0][:100] if license_text != "UNKNOWN" else ""


def _egg_requires(tree: FileTree, node: Node, found: Found) -> list[str]:
    """Requirements of an egg: `requires.txt` up to its first section, which is an extra."""
    is_folder = not node.path.endswith(b".egg-info")
    content = files.read(tree, parent(node.path) + b"/requires.txt", found) if is_folder else None
    text = content[1].decode(errors="replace") if content is not None else ""
    return [
        line for line in text.partition("\n[")[0].splitlines() if line.strip() and not line.startswith("[")
    ]


def _owned(tree: FileTree, node: Node, found: Found) -> tuple[bytes, ...]:
    metadata_is_folder = not node.path.endswith(b".egg-info")
    folder = parent(node.path) if metadata_is_folder else node.path
    listed = {child.path for child in tree.walk(folder)} if metadata_is_folder else {node.path}
    if name(folder) == b"EGG-INFO":
        listed |= {child.path for child in tree.walk(parent(folder))}
    else:
        listed |= set(_listed(tree, folder, found))
    return files.OwnedPaths(tree).existing(listed)


def _listed(tree: FileTree, folder: bytes, found: Found) -> Iterator[bytes]:
    """Paths in RECORD or installed-files.txt, joined to the folder they are relative to."""
    record = files.read(tree, folder + b"/RECORD", found, limit=MAX_RECORD_BYTES)
    if record is not None:
        site = parent(folder)
        rows = csv.reader(record[1].decode("utf-8", "surrogateescape").splitlines())
        yield from (_join(site, row[0].encode("utf-8", "surrogateescape")) for row in rows if row and row[0])
        return
    installed = files.read(tree, folder + b"/installed-files.txt", found, limit=MAX_RECORD_BYTES)
    if installed is not None:
        yield from (_join(folder, line.strip()) for line in installed[1].splitlines() if line.strip())
        return
    yield from _top_level(tree, folder, found)


def _top_level(tree: FileTree, folder: bytes, found: Found) -> Iterator[bytes]:
    """Without a record of files: the packages and modules that top_level.txt names."""
    content = files.read(tree, folder + b"/top_level.txt", found)
    for word in content[1].split() if content is not None else ():
        base = _join(parent(folder), word)
        yield from (child.path for child in tree.walk(base) if child.kind != Kind.DIR)
        yield base + b".py"


def _join(folder: bytes, path: bytes) -> bytes:
    return path if path.startswith(b"/") else folder + b"/" + path
