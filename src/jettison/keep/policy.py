"""The policies, by name: cheap to import, without the rules."""

from __future__ import annotations

from enum import StrEnum


class Policy(StrEnum):
    """How much stays; the values of `--keep`."""

    OBSERVED = "observed"
    BALANCED = "balanced"
    PACKAGES = "packages"
