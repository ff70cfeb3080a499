"""Which programs a run executed, and which of them are the application rather than the system around it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from jettison.keep.shell import BUILTINS, SHELLS, programs_of_argv
from jettison.layers.path import decode_path, name
from jettison.observe.evidence import Exec, Operation

if TYPE_CHECKING:
    from jettison.keep.context import Context

SYSTEM_PACKAGES: Final = frozenset(
    [
        "base-files",
        "base-passwd",
        "bash",
        "bsdutils",
        "busybox",
        "busybox-static",
        "coreutils",
        "coreutils-single",
        "dash",
        "debianutils",
        "diffutils",
        "dpkg",
        "findutils",
        "gawk",
        "glibc-common",
        "grep",
        "gzip",
        "hostname",
        "init-system-helpers",
        "libc-bin",
        "login",
        "mawk",
        "mount",
        "musl-utils",
        "ncurses-bin",
        "passwd",
        "perl-base",
        "procps",
        "procps-ng",
        "sed",
        "shadow-utils",
        "sysvinit-utils",
        "tar",
        "tini",
        "dumb-init",
        "util-linux",
        "util-linux-core",
        "which",
    ]
)
"""Packages of the system itself on Debian, Alpine and Fedora: what shells and scripts are made of."""
UTILITIES: Final = (
    frozenset(
        b"awk basename cat chmod chown cp cut date dirname du df echo env expr find free grep egrep "
        b"fgrep gawk gzip head hostname id install kill ln ls mawk mkdir mktemp mv nice nohup od "
        b"paste pgrep pidof pkill printenv ps pwd readlink realpath rm rmdir sed seq setpriv sleep "
        b"sort split stat stty su sync tail tar tee test timeout touch tr true false tty uname uniq "
        b"wc which whoami xargs yes zcat tini dumb-init gosu su-exec catatonit".split()
    )
    | SHELLS
)
"""Names of the same, for images that have no package database."""


def executions(context: Context) -> list[Exec]:
    """What the observed runs executed, sorted."""
    return sorted(context.evidence.execs)


def executed(context: Context) -> Iterator[bytes]:
    """Paths, links unresolved, of all programs that the evidence or the configuration starts; may repeat."""
    for execution in executions(context):
        yield decode_path(execution.path)
    for text, access in context.evidence.paths.items():
        if Operation.EXEC in access.operations:
            yield decode_path(text)
    for _, argv in context.argv():
        for program in programs_of_argv(argv):
            if program not in BUILTINS and (path := context.which(program)) is not None:
                yield path


def is_system_program(context: Context, path: bytes) -> bool:
    """Whether the program at `path` (links resolved) is a shell or a utility of the system."""
    owner = context.inventory.owner(path)
    return owner.name in SYSTEM_PACKAGES if owner is not None else name(path) in UTILITIES
