"""How long work tells what it is doing; the command line implements it, a library user may."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Progress(Protocol):
    """Told at the beginning and the end of each stage."""

    def stage(self, name: str) -> AbstractContextManager[None]:
        """What runs inside is the stage `name`; a stage may come again."""

    def note(self, text: str) -> None:
        """Something worth knowing while it runs."""


class Silent:
    """Tells nobody."""

    def stage(self, name: str) -> AbstractContextManager[None]:  # noqa: ARG002
        """Nothing."""
        return nullcontext()

    def note(self, text: str) -> None:
        """Nothing."""
