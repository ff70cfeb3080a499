"""The distribution of an image, from os-release(5)."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from jettison.packages import files
from jettison.packages.model import Distro, Found

if TYPE_CHECKING:
    from jettison.layers.tree import FileTree

PATHS = (b"etc/os-release", b"usr/lib/os-release")
IDENTITY_FILES = (
    *PATHS,
    b"etc/debian_version",
    b"etc/alpine-release",
    b"etc/redhat-release",
    b"etc/system-release",
    b"etc/lsb-release",
)
"""Files by which scanners tell the distribution; without the right one they match no advisory at all."""

_LINE = re.compile(r"\s*([A-Z][A-Z0-9_]*)=(.*)")


def distro_of(tree: FileTree, found: Found) -> Distro:
    """The distribution of `tree`; an empty one if no os-release can be read."""
    for path in PATHS:
        content = files.read(tree, path, found)
        if content is not None:
            return parse_os_release(content[1])
    return Distro()


def parse_os_release(content: bytes) -> Distro:
    """The fields of an os-release file; unreadable lines are skipped, as the man page asks."""
    fields = {}
    for line in content.decode(errors="replace").splitlines():
        match = _LINE.match(line)
        if match:
            fields[match[1]] = _unquote(match[2])
    return Distro(
        id=fields.get("ID", ""),
        version=fields.get("VERSION_ID", ""),
        codename=fields.get("VERSION_CODENAME", ""),
        name=fields.get("PRETTY_NAME", fields.get("NAME", "")),
        like=tuple(fields.get("ID_LIKE", "").split()),
    )


def _unquote(value: str) -> str:
    try:
        return "".join(shlex.split(value, comments=True)[:1])
    except ValueError:
        return value.strip("\"'")
