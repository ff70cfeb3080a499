"""What the image has: programs, owners of folders, where a path leads."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from jettison.harden.model import Storage
from jettison.image.config import RunConfig
from jettison.layers.entry import Kind
from jettison.layers.merge import MergedTree
from jettison.layers.path import decode_path, encode_path
from jettison.sandbox.spec import DEFAULT_PATH


@dataclass(frozen=True, slots=True)
class Contents:
    """The files of an image and how it is run."""

    tree: MergedTree
    config: RunConfig

    def program(self, name: str) -> str:
        """The absolute path at which the image's PATH finds `name`; empty if it does not."""
        variables = dict(entry.partition("=")[::2] for entry in self.config.env)
        for folder in variables.get("PATH", DEFAULT_PATH).split(":"):
            path = posixpath.join(folder, name)
            node = self.tree.resolve(path.encode(errors="surrogateescape")).node
            if folder.startswith("/") and node is not None and node.kind is Kind.FILE and node.mode & 0o111:
                return path
        return ""

    def real(self, path: str) -> str:
        """`path` (text form) with all links resolved."""
        return "/" + encode_path(self.tree.resolve(decode_path(path)).path)

    def owned(self, storage: Storage) -> bool:
        """Whether a new volume, which takes over the owner of the image's folder, has the one it needs."""
        node = self.tree.resolve(decode_path(storage.path)).node
        if node is None or node.kind is not Kind.DIR:
            return (storage.uid, storage.gid) == (0, 0)
        return node.uid == storage.uid
