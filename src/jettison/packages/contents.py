"""What is left of each package when only some files of an image are kept."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from jettison.packages.inventory import Inventory
from jettison.packages.model import SYSTEM, Distro, Ecosystem, Package

DOCUMENTATION: Final = (b"usr/share/doc/", b"usr/share/man/", b"usr/share/info/", b"usr/share/lintian/")
"""Files that nothing runs: a package of which only these remain is gone, one that lacks only these is
whole."""


class State(enum.StrEnum):
    """How much of a package remains."""

    WHOLE = "whole"
    PART = "part"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Remaining:
    """A package with what is left of it; the counts leave documentation out unless it has nothing else."""

    package: Package
    state: State
    kept: int
    total: int


@dataclass(frozen=True, slots=True)
class Contents:
    """Every package of the original with its state, in the inventory's order."""

    packages: tuple[Remaining, ...]
    distro: Distro

    def in_state(self, *states: State) -> tuple[Remaining, ...]:
        """The packages in one of `states`."""
        return tuple(entry for entry in self.packages if entry.state in states)

    @property
    def remaining(self) -> tuple[Remaining, ...]:
        """Packages that are there, whole or in part."""
        return self.in_state(State.WHOLE, State.PART)

    @property
    def removed(self) -> tuple[Remaining, ...]:
        """Packages that are gone."""
        return self.in_state(State.REMOVED)

    @property
    def system_remaining(self) -> int:
        """How many operating-system packages are left: where it is 0, a scanner has no advisories to
        match."""
        return sum(entry.package.ecosystem in SYSTEM for entry in self.remaining)


def contents(inventory: Inventory, kept: Collection[bytes]) -> Contents:
    """The state of each package of `inventory` when only the paths `kept` are (`kept` should look up
    fast)."""
    return Contents(tuple(_remaining(package, kept) for package in inventory.packages), inventory.distro)


def _remaining(package: Package, kept: Collection[bytes]) -> Remaining:
    counted = _counted(package)
    left = sum(path in kept for path in counted)
    state = State.WHOLE if left == len(counted) else State.PART
    return Remaining(package, state if left else State.REMOVED, left, len(counted))


def _counted(package: Package) -> tuple[bytes, ...]:
    substance = tuple(path for path in package.files if not path.startswith(DOCUMENTATION))
    return substance or package.files


def by_ecosystem(entries: Iterable[Remaining], ecosystem: Ecosystem) -> list[Remaining]:
    """Those of `entries` that belong to `ecosystem`."""
    return [entry for entry in entries if entry.package.ecosystem is ecosystem]
