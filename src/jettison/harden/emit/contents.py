"""What the image has: programs, owners of folders, where a path leads."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from jettison.harden.model import Storage
from jettison.image.config import RunConfig
from jettison.layers.entry import Kind
from jettison.layers.merge import MergedTree
from jettison.layers.path import decode_path, encode_path

_SYSTEM: Final = frozenset({"/etc", "/home", "/run", "/usr", "/usr/local", "/var", "/var/cache", "/var/lib"})
"""Folders that hold more than one application's."""
_DEFAULT_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Contents:
    """The files of an image and how it is run."""

    tree: MergedTree
    config: RunConfig

    def program(self, name: str) -> str:
        """The absolute path at which the image's PATH finds `name`; empty if it does not."""
        variables = dict(entry.partition("=")[::2] for entry in self.config.env)
        for folder in variables.get("PATH", _DEFAULT_PATH).split(":"):
            path = posixpath.join(folder, name)
            node = self.tree.resolve(path.encode(errors="surrogateescape")).node
            if folder.startswith("/") and node is not None and node.kind is Kind.FILE and node.mode & 0o111:
                return path
        return ""

    def real(self, path: str) -> str:
        """`path` (text form) with all links resolved."""
        return "/" + encode_path(self.tree.resolve(decode_path(path)).path)

    def alone(self, storage: Storage, every: Iterable[Storage]) -> bool:
        """Whether the folder above `storage` has nothing else in it, neither of the image nor of `every`
        storage, so that a volume may take its place."""
        above, _, last = self.real(storage.path).rpartition("/")
        if not above or above in _SYSTEM or self.real(storage.path) != storage.path:
            return False
        others = (other.path for other in every if other.path != storage.path)
        if any(f"{path}/".startswith(f"{above}/") for path in others):
            return False
        return set(self.tree.names(decode_path(above).lstrip(b"/"))) <= {decode_path(last)}

    def owned(self, storage: Storage) -> bool:
        """Whether a new volume, which takes over the owner of the image's folder, has the one it needs."""
        node = self.tree.resolve(decode_path(storage.path)).node
        if node is None or node.kind is not Kind.DIR:
            return (storage.uid, storage.gid) == (0, 0)
        return node.uid == storage.uid
