"""What a process prints: the last bytes of each stream, without ever making it wait for us to care."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import threading
from typing import Final

from jettison.limits import OUTPUT_BYTES

_PIPE_BYTES: Final = 1024 * 1024
"""The largest pipe that an unprivileged process may ask for: fewer wake-ups when an application floods."""


class Tail:
    """The last bytes of a stream, in a ring of fixed size."""

    def __init__(self, limit: int = OUTPUT_BYTES) -> None:
        self._ring = bytearray(limit)
        self._view = memoryview(self._ring)
        self._lock = threading.Lock()
        self.total = 0
        """Bytes that came in all."""

    @property
    def dropped(self) -> int:
        """Bytes that came and are no longer kept."""
        return max(0, self.total - len(self._ring))

    def read_from(self, fd: int) -> int:
        """Take what `fd` has; how many bytes it was, 0 at the end."""
        start = self.total % len(self._ring)
        with self._lock:
            count = os.readv(fd, [self._view[start:], self._view[:start]])
            self.total += count
        return count

    def bytes(self) -> bytes:
        """What is kept."""
        with self._lock:
            if self.total <= len(self._ring):
                return bytes(self._view[: self.total])
            start = self.total % len(self._ring)
            return bytes(self._view[start:]) + bytes(self._view[:start])


class Output:
    """stdout and stderr of a process, read by a thread of their own until both are closed."""

    def __init__(self) -> None:
        self._stdout, self._stderr = Tail(), Tail()
        self._readers: dict[int, Tail] = {}
        self.writers = tuple(self._pipe(tail) for tail in (self._stdout, self._stderr))
        """Descriptors to give to the process; `start` closes them here."""
        self._wake, self._waker = os.pipe2(os.O_CLOEXEC)
        self._thread = threading.Thread(target=self._drain, name="output", daemon=True)

    @property
    def stdout(self) -> bytes:
        """The last part of what was printed so far."""
        return self._stdout.bytes()

    @property
    def stderr(self) -> bytes:
        """The last part of what was printed so far."""
        return self._stderr.bytes()

    @property
    def dropped(self) -> tuple[int, int]:
        """Bytes of stdout and stderr that are no longer kept."""
        return self._stdout.dropped, self._stderr.dropped

    def start(self) -> None:
        """Begin to read, once the process has the writing ends."""
        for fd in self.writers:
            os.close(fd)
        self.writers = ()
        self._thread.start()

    def finish(self, timeout: float) -> None:
        """Wait up to `timeout` seconds for the end of both streams."""
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def close(self) -> None:
        """Stop reading."""
        os.close(self._waker)
        if self._thread.ident is not None:
            self._thread.join()
        for fd in (*self._readers, *self.writers, self._wake):
            os.close(fd)

    def _pipe(self, tail: Tail) -> int:
        reader, writer = os.pipe2(os.O_CLOEXEC)
        with contextlib.suppress(OSError):
            fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        os.set_blocking(reader, False)
        self._readers[reader] = tail
        return writer

    def _drain(self) -> None:
        poller = select.poll()
        for fd in (*self._readers, self._wake):
            poller.register(fd, select.POLLIN)
        streams = len(self._readers)
        while streams:
            for fd, _ in poller.poll():
                if fd == self._wake:
                    return
                if not self._readers[fd].read_from(fd):
                    poller.unregister(fd)
                    streams -= 1
