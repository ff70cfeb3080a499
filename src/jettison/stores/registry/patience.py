"""Trying again: how often, and how long to wait in between."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from jettison.errors import RemoteError
from jettison.limits import REGISTRY_ATTEMPTS, RETRY_BUDGET_S

T = TypeVar("T")


class Transient(Exception):  # noqa: N818 - the error is in it
    """A failure that may be gone next time; never leaves this package."""

    def __init__(self, error: RemoteError, after: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.after = after
        """Seconds that the registry asks to wait (RFC 9110, Retry-After)."""


class Patience:
    """The attempts of one operation."""

    def __init__(self) -> None:
        self._attempts = 0
        self._deadline = time.monotonic() + RETRY_BUDGET_S

    def wait(self, failure: Transient) -> None:
        """Wait before the next attempt; raises the error of `failure` when there shall be none."""
        self._attempts += 1
        back_off = 0.5 * 2**self._attempts * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        pause = back_off if failure.after is None else failure.after
        if failure.after is not None and pause > RETRY_BUDGET_S:
            hint = f"it asks to wait {pause:.0f} s; try again then"
            raise RemoteError(str(failure.error), hint=hint)
        if self._attempts >= REGISTRY_ATTEMPTS or time.monotonic() + pause > self._deadline:
            raise failure.error
        time.sleep(pause)


def patiently(action: Callable[[], T]) -> T:
    """What `action` returns, tried again while it raises `Transient`; then its error."""
    patience = Patience()
    while True:
        try:
            return action()
        except Transient as failure:
            patience.wait(failure)
