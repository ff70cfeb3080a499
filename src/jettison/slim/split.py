"""Dividing a slim image into layers by how often their content changes.

A new build of the application then ships only its own layer again: the layers below have the same digest.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from jettison.image.config import ImageConfig
from jettison.keep.history import own_layers
from jettison.layers.tree import FileTree, Node
from jettison.packages.inventory import Inventory
from jettison.packages.model import SYSTEM


class Part(StrEnum):
    """A layer of a divided image, base first."""

    SYSTEM = "system"
    DEPENDENCIES = "dependencies"
    APPLICATION = "application"


def divide(
    tree: FileTree, paths: Iterable[bytes], packages: Inventory, config: ImageConfig
) -> dict[Part, set[bytes]]:
    """`paths` by part, in order, parts without any left out.

    Dependencies are what packages of a language own, the application is the rest of what its own instructions
    brought, the system is everything else. All names of a file with hard links go where the first one does.
    """
    releases = (tree.resolve(path).node for path in (b"etc/os-release", b"usr/lib/os-release"))
    own = own_layers(config, systems={node.layer for node in releases if node is not None})
    layers = own.copied | own.ran
    groups: dict[int, Part] = {}
    out: dict[Part, set[bytes]] = {part: set() for part in Part}
    for path in sorted(paths):
        node = tree.get(path)
        if node is None:
            continue
        part = _part(node, packages, layers)
        if node.inode:
            part = groups.setdefault(node.inode, part)
        out[part].add(path)
    return {part: found for part, found in out.items() if found}


def _part(node: Node, packages: Inventory, own: frozenset[int]) -> Part:
    owner = packages.owner(node.path)
    if owner is not None:
        return Part.SYSTEM if owner.ecosystem in SYSTEM else Part.DEPENDENCIES
    return Part.APPLICATION if node.layer in own else Part.SYSTEM
