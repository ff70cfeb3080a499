"""How long each stage of a job took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from jettison.slim.progress import Progress


class Stopwatch:
    """Passes stages on, and notes how long each took."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.seconds: dict[str, float] = {}
        """Stage → seconds, in the order in which they began; stages of one name add up."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """What runs inside is the stage `name`."""
        start = time.monotonic()
        with self._progress.stage(name):
            yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - start
