"""A layer on its way: what came of it so far can be read while the rest is received."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable
from typing import Any

from jettison.errors import RemoteError
from jettison.layers.files import Handle
from jettison.stores.blobs import Part

_LOOK_S = 0.2
"""How often one who waits looks whether he still should."""


class Arrival:
    """What the thread that receives a layer tells those who read it."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._file: Handle | None = None
        self._size = 0
        self._is_over = False
        self._is_right = False

    def grown(self, part: Part) -> None:
        """So much is there."""
        with self._news:
            if self._file is None:
                self._file = Handle(os.dup(part.fileno()))
            self._size = part.size
            self._news.notify_all()

    def end(self, *, right: bool) -> None:
        """No more will come; `right`: all of it was received, and verified."""
        with self._news:
            self._is_over, self._is_right = True, right
            self._news.notify_all()

    def read(self, buffer: memoryview, position: int, is_stopped: Callable[[], bool]) -> int:
        """Fill `buffer` with what is at `position`, which is waited for; 0 at the end, if the whole is right.
        Raises `RemoteError` if it is not, or was not received but there already."""
        with self._news:
            while self._size <= position and not self._is_over:
                self._news.wait(_LOOK_S)
                if is_stopped():
                    raise RemoteError("stopped")
            left, file = self._size - position, self._file
            if file is None or (left <= 0 and not self._is_right):
                raise RemoteError("the layer did not come")
        return os.preadv(file.fileno(), [buffer[:left]], position) if left > 0 else 0


class Arriving(io.RawIOBase):
    """The bytes of a layer as they come. What was read is only right if the end is reached."""

    def __init__(self, arrival: Arrival, is_stopped: Callable[[], bool]) -> None:
        self._arrival = arrival
        self._is_stopped = is_stopped
        self._position = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` with what is there, at least a byte; 0 at the end."""
        count = self._arrival.read(memoryview(buffer).cast("B"), self._position, self._is_stopped)
        self._position += count
        return count
