"""What `/proc` tells about a stopped thread: its program, working folder, root and descriptors, as paths in
the container.

The kernel prints a link of `/proc/PID` relative to the root of the *mount namespace* when the object is not
below the reader's own root, and a container's files are not: `/proc/PID/exe` of a process that runs `/bin/sh`
in a container reads `/bin/sh` on the host.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import Final

_DELETED: Final = b" (deleted)"
_OWN: Final = re.compile(
    rb"/proc/(?P<who>self|thread-self|[0-9]{1,10})/(?:task/[0-9]{1,10}/)?(?P<link>cwd|root|exe|fd/[0-9]{1,10})(?P<rest>/.*)?"
    rb"|/dev/(?P<descriptor>fd/[0-9]{1,10})(?P<more>/.*)?",
    re.DOTALL,
)
MAGIC: Final = (b"/proc/", b"/dev/fd/")
"""Paths that begin so may mean something else each time."""
MEMORY_FILE: Final = b"/memfd:"
"""How the name of an executed memfd_create(2) file begins."""


def executable(thread: int) -> bytes:
    """The program that `thread` runs, or nothing if it is ending."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return os.readlink(b"/proc/%d/exe" % thread).removesuffix(_DELETED)
    return b""


def program(thread: int, descriptor: int) -> bytes:
    """The file behind a descriptor that is executed; it may have no name any more, or never had
    (`/memfd:…`)."""
    return os.readlink(b"/proc/%d/fd/%d" % (thread, descriptor)).removesuffix(_DELETED)


def root(thread: int) -> bytes:
    """The folder that `thread` takes for `/`: nothing if that is the root of the container."""
    return os.readlink(b"/proc/%d/root" % thread).rstrip(b"/")


def folder(thread: int, descriptor: int | None) -> bytes | None:
    """The folder behind a descriptor of `thread`, or its working folder for None.

    None if it was removed, so that nothing below it can exist, or if it is no file at all (a pipe, a socket,
    a number that is not open).
    """
    link = b"/proc/%d/cwd" % thread if descriptor is None else b"/proc/%d/fd/%d" % (thread, descriptor)
    try:
        path = os.readlink(link)
    except (FileNotFoundError, ProcessLookupError):
        return None
    if not path.startswith(b"/"):
        return None
    if path.endswith(_DELETED) and os.stat(link).st_nlink == 0:
        return None
    return path


def join(base: bytes, path: bytes) -> bytes:
    """`path` below the absolute folder `base`."""
    if not path:
        return base
    return b"%s%s" % (base, path) if base == b"/" else b"%s/%s" % (base, path)


def see_through(thread: int, path: bytes) -> bytes | None:
    """What a path through the caller's own `/proc/self/{exe,cwd,root,fd/N}` or `/dev/fd/N` leads to.

    Returned as it is if it is no such path, and None if it leads to nothing that has a path.
    """
    match = _OWN.fullmatch(path)
    if match is None or not _is_self(thread, match["who"]):
        return path
    link = match["link"] or match["descriptor"]
    target = os.readlink(b"/proc/%d/%s" % (thread, link))
    if not target.startswith(b"/") or target.startswith(MEMORY_FILE):
        return None
    return join(target.removesuffix(_DELETED), (match["rest"] or match["more"] or b"").lstrip(b"/"))


def _is_self(thread: int, who: bytes | None) -> bool:
    if who is None or not who.isdigit():
        return True
    status = _status(thread)
    return int(who) in {
        int(number) for field in ("NSpid", "NStgid") for number in status.get(field, "").split()[-1:]
    }


def group(thread: int) -> int:
    """The process (thread group) that `thread` belongs to."""
    return int(_status(thread)["Tgid"])


def _status(thread: int) -> dict[str, str]:
    with open(f"/proc/{thread}/status", "rb") as file:
        lines = file.read(16384).decode("ascii", "replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)
