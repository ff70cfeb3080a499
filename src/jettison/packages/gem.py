"""Ruby gems: the specifications that RubyGems writes when it installs (Gem::Specification#to_ruby)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from jettison.layers.entry import Kind
from jettison.layers.path import name, parent
from jettison.packages import files
from jettison.packages.model import Ecosystem, Found, Package, purl

if TYPE_CHECKING:
    from jettison.layers.tree import FileTree, Node

PATTERN = rb"specifications/(?:default/)?[^/]+\.gemspec"

_NAME = re.compile(rb"""^\s*s\.name = ["']([^"'\n]+)""", re.M)
_VERSION = re.compile(rb"""^\s*s\.version = (?:Gem::Version\.new\()?["']([^"'\n]+)""", re.M)
_PLATFORM = re.compile(rb"""^\s*s\.platform = ["']([^"'\n]+)""", re.M)
_LICENSES = re.compile(rb"^\s*s\.licenses? = \[?([^\]\n]*)", re.M)
_RUNTIME = re.compile(rb"""add_(?:runtime_)?dependency\(?\s*(?:%q<([^>\n]+)>|["']([^"'\n]+))""")
_QUOTED = re.compile(rb"""["']([^"'\n]+)["']""")


def catalog(tree: FileTree, nodes: Sequence[Node], found: Found) -> None:
    """Add the gem of each specification in `nodes` to `found`."""
    for node in nodes:
        content = files.read_node(tree, node, found)
        if content is None:
            continue
        label, version = _find(_NAME, content), _find(_VERSION, content)
        if label and version:
            found.packages.append(_package(tree, node, content, label, version))
        else:
            found.problem(node.path, "names no gem or no version")


def _find(pattern: re.Pattern[bytes], content: bytes) -> str:
    match = pattern.search(content)
    return match[1].decode(errors="replace") if match else ""


def _package(tree: FileTree, node: Node, content: bytes, label: str, version: str) -> Package:
    needs = (match[1] or match[2] for match in _RUNTIME.finditer(content))
    platform = _find(_PLATFORM, content)
    licenses = _LICENSES.search(content)
    return Package(
        ecosystem=Ecosystem.GEM,
        name=label,
        version=version,
        depends=tuple(dict.fromkeys(_texts(needs))),
        license=" OR ".join(t.decode(errors="replace") for t in _QUOTED.findall(licenses[1]))
        if licenses
        else "",
        purl=purl(Ecosystem.GEM, label, version, qualifiers=(("platform", platform),)),
        files=tuple(sorted(_owned(tree, node))),
        location=node.path,
    )


def _texts(values: Iterable[bytes]) -> Iterator[str]:
    return (value.decode(errors="replace") for value in values)


def _owned(tree: FileTree, node: Node) -> Iterator[bytes]:
    """The specification, the gem's folder, its compiled extensions (`extensions/PLATFORM/API/FULL_NAME`)."""
    yield node.path
    full_name = name(node.path).removesuffix(b".gemspec")
    home = parent(node.path).removesuffix(b"/default")
    home = parent(home)
    folders = [home + b"/gems/" + full_name]
    for platform in tree.children(home + b"/extensions"):
        folders += [
            api.path + b"/" + full_name for api in tree.children(platform.path) if api.kind == Kind.DIR
        ]
    for folder in folders:
        inner = tree.walk(folder)
        yield from (child.path for child in inner if child.kind != Kind.DIR or not tree.names(child.path))
