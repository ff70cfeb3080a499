"""Reports in the formats that people and machines read, one module each with a function `render`."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from jettison.errors import UsageError

if TYPE_CHECKING:
    from jettison.lint.engine import Report

NAMES: Final = ("text", "json", "sarif", "github", "gitlab", "junit", "checkstyle")
Renderer = Callable[[Sequence["Report"]], str]


def renderer(name: str) -> Renderer:
    """The function that writes a format. Raises `UsageError` for a name that is not known."""
    if name not in NAMES:
        raise UsageError(f"unknown format {name!r}", hint=f"one of {', '.join(NAMES)}")
    found: Renderer = importlib.import_module(f"{__name__}.{name}").render
    return found
