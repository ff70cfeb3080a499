"""Keeps every package whole of which one file is used, with the packages that it depends on.

**What.** Of each kept file the package that owns it, of the operating system or of a language, with all its
files that the image still has; and, of operating-system packages, those it names in its dependencies,
alternatives and virtual names included, as far as they are installed. Left out: manuals, translations of
messages, documentation other than the copyright; and dependencies that only installation scripts call
(`debconf`, `adduser` and the like), which would bring a whole Perl into every image.

**Why.** A package is the unit that its makers test. Who wants to debug, to extend, or to be asked nothing
about single files takes this policy.

**Cost.** Two to five times the size of `balanced` on small servers, less on large ones.

**Sources.** Debian policy 7.2; APKINDEX, `D:`; the dependencies that rpm lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from jettison.keep.rule import Keep, Rule
from jettison.packages.model import SYSTEM

if TYPE_CHECKING:
    from jettison.keep.context import Context
    from jettison.layers.tree import Node
    from jettison.packages.model import Package


_FOR_INSTALLING: Final = frozenset(
    (
        *("debconf", "debconf-2.0", "cdebconf", "adduser", "ucf", "dpkg", "install-info", "man-db"),
        *("init-system-helpers", "sysvinit-utils", "lsb-base", "usrmerge", "usr-is-merged"),
        *("systemd-standalone-sysusers", "opensysusers", "update-inetd"),
    )
)
_NOT_CALLED: Final = re.compile(
    rb"usr/share/(?:man|info|locale|lintian|bug|doc-base|help|gtk-doc)/|usr/share/doc/(?!.*/copyright\Z)"
)


class WholePackages(Rule):
    """Packages by ownership and dependency."""

    name = "package"

    def __init__(self) -> None:
        self._whole: set[tuple[object, ...]] = set()

    def visit(self, context: Context, node: Node) -> Iterable[Keep]:
        """The package of a kept file, and what it depends on."""
        for package in context.inventory.owners(node.path)[:1]:
            yield from self._package(context, package, node.path)

    def _package(self, context: Context, package: Package, cause: bytes) -> Iterator[Keep]:
        todo = [(package, cause, f"part of {package}, which is used")]
        while todo:
            current, cause, text = todo.pop()
            if current.key in self._whole:
                continue
            self._whole.add(current.key)
            for path in current.files:
                if not _NOT_CALLED.match(path):
                    yield Keep(path, text, cause, follow=False)
            if current.ecosystem in SYSTEM:
                for needed in sorted(set(current.depends) - _FOR_INSTALLING):
                    for other in context.inventory.all_by_name(current.ecosystem, needed):
                        todo.append((other, cause, f"part of {other}, which {current} depends on"))
