"""Keeps what belongs to a server that runs: its configuration, its other programs, its data.

**What.** For each program that was executed and that is neither a utility of the system nor a language's
interpreter: all that its source package installed (programs, modules, data), without documentation,
development files and translations; where no package owns it, the programs that lie beside it and came in the
same layer, and folders of the same layer that are named in it. The configuration folder `/etc/NAME` of
everything of which a file was read, whole.

**Why.** Operators test the configuration with the server's own binary, open the server's own client, reload,
rotate logs, and switch on a module whose snippet was there all along. All of it comes from one source
package, in several binary ones.

**Cost.** 28 MB over sixteen images for the programs; configuration some ten kB each. Packages above 64 MiB
keep only their programs, configuration folders above 4 MiB only what was read. Left out: plug-ins that no run
loaded, whose name does not stand in the program, and whose libraries would add more than 4 MiB.

**Sources.** deb-control(5), "Source"; apk `origin`; RPM `SOURCERPM`; FHS 3.0, "/etc".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from jettison.keep.binary import binary, mentions
from jettison.keep.rule import Keep, Rule
from jettison.keep.rules.elf import MAX_OPTIONAL_BYTES, added_bytes, may_be_elf
from jettison.keep.rules.trace import Trace
from jettison.layers.entry import Kind
from jettison.layers.path import name, parent
from jettison.limits import MIB
from jettison.packages.model import SYSTEM

if TYPE_CHECKING:
    from jettison.keep.context import Context
    from jettison.layers.tree import Node
    from jettison.packages.model import Package

_MAX_SOURCE_BYTES: Final = 64 * MIB
_MAX_CONFIGURATION_BYTES: Final = 4 * MIB
INTERPRETERS: Final = re.compile(
    rb"(?:python|pypy|perl|ruby|node|nodejs|deno|bun|java|jshell|dotnet|php|lua|luajit|tclsh|erl|beam|guile|Rscript|R)"
    rb"[\d.]*(?:\.smp)?\Z"
)
"""Programs whose packages the rule of their language judges."""
_NOT_FOR_RUNNING: Final = re.compile(
    rb"usr/(?:local/)?(?:share/(?:doc|man|info|lintian|locale|bug|bash-completion|zsh|fish|apport|doc-base|gtk-doc|vim)"
    rb"|include|src|lib/(?:debug|[^/]+/pkgconfig|pkgconfig|cmake|systemd))(?:/|\Z)|.*\.(?:a|la|h|hpp|pc)\Z"
)
_CONFIGURATION: Final = re.compile(rb"(etc/[^/]+)/.")
_SYSTEM_PROGRAMS: Final = frozenset((b"bin", b"sbin", b"usr/bin", b"usr/sbin"))
"""What lies beside a program here has nothing to do with it, if there is no package database to say so."""
_NOT_A_SERVERS: Final = frozenset(
    b"etc/alternatives etc/apt etc/apk etc/cron.d etc/cron.daily etc/default etc/dpkg etc/init.d "
    b"etc/kernel etc/pam.d etc/profile.d etc/rc0.d etc/rc1.d etc/rc2.d etc/rc3.d etc/rc4.d etc/rc5.d "
    b"etc/rc6.d etc/rcS.d etc/security etc/skel etc/ssl etc/systemd etc/terminfo etc/yum.repos.d".split()
)


class Servers(Rule):
    """Configuration folders, and the siblings of executed programs."""

    name = "server"

    def __init__(self) -> None:
        self._configured: set[bytes] = set()
        self._companions: list[Keep] | None = None

    def visit(self, context: Context, node: Node) -> Iterable[Keep]:
        """The configuration folder that a kept file lies in."""
        match = _CONFIGURATION.match(node.path)
        if match is None or match[1] in self._configured or match[1] in _NOT_A_SERVERS:
            return
        if context.plan.reasons(node.path)[0].rule != Trace.name:
            return
        self._configured.add(match[1])
        below = list(context.below(match[1]))
        if sum(child.size for child in below) <= _MAX_CONFIGURATION_BYTES:
            for child in below:
                yield Keep(child.path, "configuration of something that runs", node.path)

    def settle(self, context: Context) -> Iterable[Keep]:
        """What came with the executed programs; plug-ins are judged by what stays anyway."""
        if self._companions is None:
            self._companions = list(_companions(context))
        waiting = [keep for keep in self._companions if not context.is_kept(keep.path)]
        return [keep for keep in waiting if _is_affordable(context, keep)]


def _companions(context: Context) -> Iterator[Keep]:
    for path in sorted(context.programs):
        node = context.tree.get(path)
        if node is None or INTERPRETERS.match(name(path)):
            continue
        owner = context.inventory.owner(path)
        if owner is None and parent(path) not in _SYSTEM_PROGRAMS:
            yield from _beside(context, node)
        elif owner is not None and owner.ecosystem in SYSTEM:
            yield from _siblings(context, node, owner)


def _siblings(context: Context, program: Node, owner: Package) -> Iterator[Keep]:
    """What came from the source package of `owner`."""
    source = owner.source or owner.name
    packages = [
        package
        for package in context.inventory.packages
        if package.ecosystem is owner.ecosystem and (package.source or package.name) == source
    ]
    nodes = [node for package in packages for path in package.files if (node := context.tree.get(path))]
    nodes = [node for node in nodes if not _NOT_FOR_RUNNING.match(node.path)]
    taken = 0
    for node in sorted(nodes, key=lambda node: (node.size, node.path)):
        taken += node.size
        if taken > _MAX_SOURCE_BYTES:
            break
        yield Keep(node.path, f"comes from the same source package, {source}", program.path)


def _is_affordable(context: Context, keep: Keep) -> bool:
    """Whether a sibling stays: all but plug-ins whose libraries cost much and whose name the program does not
    know."""
    if name(parent(keep.path)) in (b"bin", b"sbin") or not re.search(rb"\.so[\d.]*\Z", keep.path):
        return True
    added = added_bytes(context, keep.path)
    if added <= MAX_OPTIONAL_BYTES:
        return True
    program = context.file(keep.because or b"")
    if program is not None and mentions(context, program, name(keep.path).partition(b".")[0]):
        return True
    context.plan.leave_out(
        keep.path, f"never loaded, and would add {added / MIB:.0f} MiB: use --include to keep it"
    )
    return False


def _beside(context: Context, program: Node) -> Iterator[Keep]:
    """The siblings of a program that was built in the image or copied into it."""
    for node in context.tree.children(parent(program.path)):
        if node.layer == program.layer and node.kind is not Kind.DIR:
            yield Keep(node.path, "lies beside it and came in the same layer", program.path)
    if not may_be_elf(program) or context.elf(program.path) is None:
        return
    for path in binary(context, program).paths:
        folder = context.folder(path)
        if folder is None or folder.path.count(b"/") < 2:
            continue
        below = [node for node in context.below(folder.path) if node.layer == program.layer]
        if below and sum(node.size for node in below) <= _MAX_SOURCE_BYTES:
            for node in below:
                if not _NOT_FOR_RUNNING.match(node.path):
                    yield Keep(
                        node.path, "a folder that is named in it and came in the same layer", program.path
                    )
