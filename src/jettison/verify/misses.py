"""Look-ups that fail in the candidate and succeed in the original."""

from __future__ import annotations

from collections.abc import Container

from jettison.layers.tree import FileTree
from jettison.observe.build import resolve
from jettison.observe.trace import Trace

_NOT_OF_THE_IMAGE = (b"proc", b"sys", b"dev")


def misses(trace: Trace, original: FileTree, kept: Container[bytes]) -> list[bytes]:
    """Paths of `original`, sorted, that the candidate of the paths `kept` was asked for in vain.

    Each look-up is followed through the original as the kernel would; what it passes or ends at and the
    candidate does not have is a miss. Paths below /proc, /sys and /dev are the kernel's, not the image's.
    """
    found: set[bytes] = set()
    for lookup in trace.lookups:
        resolved = resolve(lookup, original)
        if resolved.node is None or resolved.path.partition(b"/")[0] in _NOT_OF_THE_IMAGE:
            continue
        found.update(path for path in (*resolved.links, resolved.path) if path and path not in kept)
    return sorted(found)
