"""Hashing parts of files by another process, while this one reads them.

A thread would not do: it and the reader would wait for each other's turn at the interpreter at every piece.
"""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Sequence

from msgspec import Struct

from jettison.image.digest import Digest
from jettison.layers.files import Handle

_BUFFER = 1 << 16
"""It stays in the processor's cache from the read to the hash."""
_RIGHT, _WRONG = b"\1", b"\0"


class Part(Struct, frozen=True):
    """Bytes of a file, and all that they must hash to."""

    file: Handle
    start: int
    size: int
    digests: tuple[Digest, ...]


class Hashing:
    """The process; it reads the parts in their order."""

    def __init__(self, parts: Sequence[Part]) -> None:
        """Start it; raises OSError."""
        # Made before the fork: another thread may hold a lock of the library at that moment.
        hashes = [[hashlib.new(digest.algorithm) for digest in part.digests] for part in parts]
        self._verdicts, output = os.pipe()
        try:
            self._child = os.fork()
        except OSError:
            os.close(self._verdicts)
            os.close(output)
            raise
        if not self._child:
            try:
                for part, hashed in zip(parts, hashes, strict=True):
                    os.write(output, _RIGHT if _is_right(part, hashed) else _WRONG)
            finally:
                os._exit(0)  # nothing of the parent's is cleaned up, flushed or reported a second time
        os.close(output)

    def is_right(self) -> bool:
        """Wait for the verdict on the next part; False also if the process could not give one."""
        return os.read(self._verdicts, 1) == _RIGHT

    def end(self) -> None:
        """Stop the process if it is still at work."""
        os.close(self._verdicts)
        os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)


def _is_right(part: Part, hashes: Sequence[hashlib._Hash]) -> bool:
    buffer = memoryview(bytearray(_BUFFER))
    position, end = part.start, part.start + part.size
    while position < end:
        count = os.preadv(part.file.fileno(), [buffer[: end - position]], position)
        if not count:
            return False
        for each in hashes:
            each.update(buffer[:count])
        position += count
    return all(each.hexdigest() == digest.hex for each, digest in zip(hashes, part.digests, strict=True))
