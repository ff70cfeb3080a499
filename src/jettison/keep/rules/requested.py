"""Keeps the programs of packages that the application's own build asked for by name.

**What.** The history of the image holds the commands of `RUN`. Where one that comes after the base image
installs packages with apt, apk, dnf or yum, the programs of the packages that it names stay, with the
libraries that they link.

**Why.** Who writes `apt-get install socat` wants to run it, be it by hand, by a health check, or from a hook
of the platform that no workload shows.

**Cost.** What the programs add. Left out: a program that would add more than 4 MiB, compilers, headers
and what else only a build needs, and what such packages bring along without being named.

**Sources.** OCI image specification, "History"; apt-get(8), apk(8), dnf(8).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from jettison.keep.rule import Keep, Rule
from jettison.keep.rules.elf import MAX_OPTIONAL_BYTES, added_bytes
from jettison.layers.entry import Kind
from jettison.layers.path import parent
from jettison.packages.model import SYSTEM

if TYPE_CHECKING:
    from jettison.keep.context import Context
    from jettison.packages.model import Package

_INSTALLS: Final = re.compile(
    r"\b(?:apt(?:-get)?|aptitude|apk|(?:micro)?dnf|yum)\s+(?:-\S+\s+)*(?:install|add)\s+(?P<words>[^;&|<>]*)"
)
_NAME: Final = re.compile(r"[a-z0-9][a-zA-Z0-9+._-]*")
_BUILDS: Final = re.compile(
    r".*-(?:dev|devel|static)\Z|(?:build-|alpine-sdk|gcc|g\+\+|clang|llvm|rustc|cargo|golang|make\Z|cmake|ninja|meson"
    r"|autoconf|automake|libtool|pkg-?config|bison|flex|patch\Z|git\Z|subversion|mercurial|dpkg-|debhelper)"
)
_FOLDERS: Final = frozenset(b"bin sbin usr/bin usr/sbin usr/local/bin usr/games".split())


class Requested(Rule):
    """Programs of packages that the application's own instructions name."""

    name = "requested"

    def settle(self, context: Context) -> Iterable[Keep]:
        """The programs, once it is known what stays anyway and so what they add."""
        for package in _packages(context):
            for path in package.files:
                node = context.file(path) if parent(path) in _FOLDERS else None
                if node is None or node.kind is not Kind.FILE or not node.mode & 0o111:
                    continue
                if context.is_kept(node.path) or added_bytes(context, path) <= MAX_OPTIONAL_BYTES:
                    yield Keep(path, f"a program of {package}, which the build asked for")


def _packages(context: Context) -> Iterator[Package]:
    names = {name for text in context.own_layers.commands for name in requested(text)}
    for ecosystem in sorted(SYSTEM):
        for name in sorted(names):
            yield from context.inventory.all_by_name(ecosystem, name)


def requested(command: str) -> set[str]:
    """The names of the packages that a shell command installs, without those that only a build needs."""
    words = [word for match in _INSTALLS.finditer(command) for word in match["words"].split()]
    names = {found[0] for word in words if (found := _NAME.match(word.partition("=")[0]))}
    return {name for name in names if not _BUILDS.match(name)}
