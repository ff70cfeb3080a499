"""Keeps the folders that every program takes for granted.

**What.** All folders and links of the root; `/var` with its own folders and links (`/var/tmp`, `/var/lock`,
`/var/run`, `/var/log`, …); `/run/lock`, `/usr` and `/etc` with the folders of programs and libraries. Each
with its own mode, owner and sticky bit, and without its content.

**Why.** `open("/tmp/x", O_CREAT)` fails in an image without `/tmp`, and is dangerous in one whose `/tmp` lost
its sticky bit. On systems with merged `/usr`, `/bin` and `/lib64` are links: a heal or a mount that goes
through them needs them.

**Cost.** Nothing but headers.

**Sources.** hier(7), Filesystem Hierarchy Standard 3.0.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from jettison.keep.rule import Keep, Rule
from jettison.layers.entry import Kind

if TYPE_CHECKING:
    from jettison.keep.context import Context

_PARENTS: Final = (b"", b"var", b"usr", b"usr/local", b"run")
_MORE: Final = (b"dev/shm", b"dev/pts", b"dev/mqueue")


class Folders(Rule):
    """The skeleton of the file system."""

    name = "skeleton"

    def begin(self, context: Context) -> Iterable[Keep]:
        """Folders, and links to folders."""
        for folder in _PARENTS:
            for node in context.tree.children(folder):
                if node.kind is Kind.DIR or (
                    node.kind is Kind.SYMLINK and context.folder(node.path) is not None
                ):
                    yield Keep(node.path, "a folder that programs take for granted")
        for path in _MORE:
            yield Keep(path, "a folder that programs take for granted")
