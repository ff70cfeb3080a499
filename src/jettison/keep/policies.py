"""Which rules make up each policy."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from jettison.keep.rules.accounts import Accounts
from jettison.keep.rules.elf import ElfClosure
from jettison.keep.rules.folders import Folders
from jettison.keep.rules.scripts import Interpreters
from jettison.keep.rules.start import Start
from jettison.keep.rules.trace import Trace

if TYPE_CHECKING:
    from jettison.keep.rule import Rule


class Policy(StrEnum):
    """How much stays; the values of `--keep`."""

    OBSERVED = "observed"
    BALANCED = "balanced"
    PACKAGES = "packages"


_OBSERVED: Final[tuple[type[Rule], ...]] = (Trace, Start, ElfClosure, Interpreters, Accounts, Folders)


def rules_of(policy: Policy, *, shell: bool | None) -> list[Rule]:
    """New rules for one plan of `policy`."""
    return [rule() for rule in _OBSERVED]
