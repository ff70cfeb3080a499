"""Known ways out of containers, by the versions of runtimes that mend them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from jettison.sandbox.oci import Runtime, RuntimeKind

Version = tuple[int, ...]


@dataclass(frozen=True)
class Advisory:
    """A vulnerability of one runtime."""

    names: str
    kind: RuntimeKind
    fixed: tuple[Version, ...]
    """The first good version of each release branch (major, minor), oldest branch first; later branches are
    good."""

    def concerns(self, version: Version) -> bool:
        """Whether `version` has it."""
        for good in self.fixed:
            if version[:2] == good[:2]:
                return version < good
        return version < self.fixed[-1]


ADVISORIES: Final = (
    Advisory("CVE-2024-21626", RuntimeKind.RUNC, ((1, 1, 12),)),
    Advisory("CVE-2024-45310", RuntimeKind.RUNC, ((1, 1, 14), (1, 2, 0))),
    Advisory(
        "CVE-2025-31133, CVE-2025-52565, CVE-2025-52881", RuntimeKind.RUNC, ((1, 2, 8), (1, 3, 3), (1, 4, 0))
    ),
    Advisory("CVE-2026-41579", RuntimeKind.RUNC, ((1, 3, 6), (1, 4, 3), (1, 5, 0))),
    Advisory("CVE-2026-30892", RuntimeKind.CRUN, ((1, 27),)),
    Advisory("CVE-2026-47766", RuntimeKind.CRUN, ((1, 28),)),
)
"""Distributions port fixes back without changing these numbers."""


def concerning(runtime: Runtime) -> list[str]:
    """The advisories that concern `runtime`, going by its version."""
    version = parse_version(runtime.version)
    return [each.names for each in ADVISORIES if each.kind is runtime.kind and each.concerns(version)]


def parse_version(text: str) -> Version:
    """`1.1.5+ds1` → (1, 1, 5); a release candidate counts as its release."""
    parts = text.partition("+")[0].partition("-")[0].split(".")
    return tuple(int(part[:9]) if part.isascii() and part.isdigit() else 0 for part in parts)
