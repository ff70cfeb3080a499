"""Keeps what turns names into numbers and numbers into names.

**What.** `/etc/passwd`, `group`, `nsswitch.conf`, `hosts`, `resolv.conf`, `host.conf`, `gai.conf`,
`services`, `protocols`, as far as the image has them, and the `libnss_*` modules that nsswitch.conf names,
where a kept C library loads them.

**Why.** `USER name`, `getpwuid`, `getaddrinfo` and `getservbyname` read them long after start. The shadow
file is not among them: it stays only if something opened it.

**Cost.** Some kB; the modules some tens of kB (since glibc 2.34 `files` and `dns` live in libc itself).

**Sources.** nsswitch.conf(5), passwd(5), services(5); glibc 2.34 release notes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from jettison.keep.rule import Keep, Rule
from jettison.layers.path import name, parent

if TYPE_CHECKING:
    from jettison.keep.context import Context
    from jettison.layers.tree import Node

_DATABASES: Final = (
    b"etc/passwd",
    b"etc/group",
    b"etc/nsswitch.conf",
    b"etc/hosts",
    b"etc/resolv.conf",
    b"etc/hostname",
    b"etc/host.conf",
    b"etc/gai.conf",
    b"etc/services",
    b"etc/protocols",
)
_DEFAULT_SERVICES: Final = frozenset((b"files", b"dns", b"compat"))


class Accounts(Rule):
    """Name databases and the modules that read them."""

    name = "names"

    def begin(self, context: Context) -> Iterable[Keep]:
        """The databases."""
        return (Keep(path, "maps names to numbers for the C library") for path in _DATABASES)

    def visit(self, context: Context, node: Node) -> Iterable[Keep]:
        """The modules that lie beside a newly kept glibc."""
        if name(node.path).startswith((b"libc.so.6", b"libc-2.")):
            yield from _modules(context, node)


def _modules(context: Context, libc: Node) -> Iterator[Keep]:
    services = set(_DEFAULT_SERVICES)
    for line in context.text(b"/etc/nsswitch.conf").splitlines():
        _, _, value = line.partition(b"#")[0].partition(b":")
        services.update(re.sub(rb"\[[^\]]*\]", b" ", value).split())
    for service in sorted(services):
        module = b"%s/libnss_%s.so.2" % (parent(libc.path), service)
        yield Keep(module, "a service that nsswitch.conf names", libc.path)
