"""Keeps what the observed runs touched.

**What.** Every path that a look-up found, with all symbolic links on the way; programs that were executed;
the folder in which a look-up failed or a file was written, with its owner and mode even when nothing else in
it stays; files that a run overwrote, renamed or removed, as the image had them before.

**Why.** It is the evidence. A folder that was only listed keeps its entry, not its content: `KeepPlan.listed`
tells how much of the listing remains. A look-up that failed must fail in the same way: `EACCES` and `ENOENT`
differ by the folder.

**Cost.** The sum of what was opened; folders cost nothing.

**Sources.** path_resolution(7); the evidence schema in `docs/evidence.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from jettison.keep.programs import executions
from jettison.keep.rule import Keep, Rule
from jettison.layers.path import decode_path
from jettison.observe.evidence import Access, Operation

if TYPE_CHECKING:
    from jettison.keep.context import Context

_VERBS: Final = {
    Operation.EXEC: "executed",
    Operation.OPEN: "opened",
    Operation.LIST: "listed",
    Operation.WRITE: "written",
    Operation.CHDIR: "entered",
    Operation.CONNECT: "connected to",
    Operation.STAT: "looked at",
    Operation.READLINK: "read as a link",
    Operation.XATTR: "asked for attributes",
}


class Trace(Rule):
    """Paths of the evidence."""

    name = "observed"

    def begin(self, context: Context) -> Iterable[Keep]:
        """All of it follows from the evidence at once."""
        yield from _found(context)
        yield from _executed(context)
        for text in sorted(context.evidence.missing):
            yield from _nearest_folder(context, decode_path(text), "was searched in vain")
        for text in sorted(context.evidence.writes):
            path = decode_path(text)
            yield Keep(path, "changed by the observed run; stays as the image has it", follow=False)
            yield from _nearest_folder(context, path, "was written into")


def _found(context: Context) -> Iterator[Keep]:
    for text, access in sorted(context.evidence.paths.items()):
        follow = access.operations != {Operation.READLINK}
        yield Keep(decode_path(text), _sentence(access), follow=follow)


def _sentence(access: Access) -> str:
    verb = next((verb for operation, verb in _VERBS.items() if operation in access.operations), "looked at")
    by = min(access.by, default="")
    phase = min(access.phases, default="")
    return verb + (f" by {by}" if by else "") + (f" in phase {phase}" if phase else "")


def _executed(context: Context) -> Iterator[Keep]:
    for execution in executions(context):
        yield Keep(decode_path(execution.path), "executed")


def _nearest_folder(context: Context, path: bytes, text: str) -> Iterator[Keep]:
    """The deepest folder on the way to `path` that the image has."""
    while b"/" in path.strip(b"/"):
        path = path.rstrip(b"/").rpartition(b"/")[0]
        if context.folder(path) is not None:
            yield Keep(path, text)
            return
