"""Archives that were verified before, and that nobody has touched since, need not be hashed again to be
looked at.

A seal is a file in the cache whose name is a hash of all that would change: device, inode, size, and times of
content and status of each file, and which bytes of it had which digests. The status time is set by the kernel
at every write and rename, and by nobody else. A file that was touched just before it was hashed gets no seal,
since a second touch could have the same time. Who may write to the archive and does so without a trace, by a
mapping on a file system that keeps no time of that, could have shown whatever he likes anyway. Hence a seal
lets content be reported; what goes into other images or is remembered of a layer is always hashed first.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from jettison.cache import cache_folder
from jettison.errors import HostError
from jettison.image.model import Layer
from jettison.layers.cache import is_remembered
from jettison.layers.files import new_file
from jettison.layers.hashing import Part
from jettison.layers.layer import TarLayer, verified_beside

_QUIET_NS: Final = 2 * 10**9
"""How long a file must have been left alone; the coarsest times of local file systems are of two seconds."""


@contextmanager
def verified_once(layers: Sequence[Layer]) -> Iterator[None]:
    """As `verified_beside`, but tars with a seal count as verified at once."""
    parts = [(tar, part) for tar in layers if isinstance(tar, TarLayer) and (part := tar.part())]
    seal = _seal(part for _, part in parts)
    if seal and seal.exists() and all(is_remembered(tar.diff_id) for tar, _ in parts):
        for tar, _ in parts:
            tar.trust()
        yield
        return
    with verified_beside(layers):
        yield
    if seal and seal == _seal(part for _, part in parts):
        with suppress(HostError), new_file(seal, durable=False) as stream:
            stream.write(b"verified\n")


def _seal(parts: Iterable[Part]) -> Path | None:
    """The seal that files have as they are now; None if they may get none."""
    folder = cache_folder("seals")
    facts = []
    for part in parts:
        status = os.fstat(part.file.fileno())
        touched = max(status.st_mtime_ns, status.st_ctime_ns)
        if not status.st_nlink or time.time_ns() - touched < _QUIET_NS:
            return None
        identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        facts.append((*identity, part.start, part.size, *map(str, part.digests)))
    return folder / hashlib.sha256(repr(facts).encode()).hexdigest() if folder and facts else None
