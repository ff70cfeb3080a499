"""Budgets: what a build may not exceed, and what is excused, with a reason and until when.

::

    [budget]
    size = "250 MB"              # content of all layers
    yours = "60 MB"              # of the layers above the base
    dead = "5 MB"
    growth = "10 MB"             # of size against the baseline
    secrets = 0
    setuid = 12                  # programs with setuid, setgid or file capabilities
    new-packages = 0             # against the baseline
    new-setuid = 0
    level = "error"              # findings of this level or worse fail

    [[budget.ignore]]
    path = "etc/ssl/private/test.key"    # a pattern; * also matches /
    check = "private-key"                # id of a check or kind of a secret; left out: all
    reason = "self-signed, for tests only"
    until = 2026-12-31
"""

from __future__ import annotations

import datetime
import fnmatch
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jettison.errors import UsageError
from jettison.inspect.model import Check, Inspection, Level, Secret

if TYPE_CHECKING:
    from jettison.inspect.compare import Comparison

_UNITS: Final = {
    "": 1,
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
}
_SIZE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMG]?i?B|)\s*\Z", re.I)
_SIZES: Final = ("size", "yours", "dead", "growth")
_COUNTS: Final = ("secrets", "setuid", "new-packages", "new-setuid")
BASELINE_KEYS: Final = ("growth", "new-packages", "new-setuid")
"""Keys that need another image to compare with."""


@dataclass(frozen=True, slots=True)
class Ignore:
    """A finding that is excused."""

    path: str
    check: str
    reason: str
    until: datetime.date | None

    def covers(self, check: str, path: str, today: datetime.date) -> bool:
        """Whether it excuses a finding at `path`, today."""
        if self.until is not None and today > self.until:
            return False
        return self.check in ("", check) and (
            not self.path or fnmatch.fnmatchcase(path, self.path.lstrip("/"))
        )


@dataclass(frozen=True, slots=True)
class Budget:
    """The table `[budget]`."""

    limits: Mapping[str, int]
    """By key: bytes or a count."""
    level: Level | None
    ignores: tuple[Ignore, ...]

    @property
    def needs_baseline(self) -> bool:
        """Whether a limit is against another image."""
        return any(key in self.limits for key in BASELINE_KEYS)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One limit, and whether it holds."""

    key: str
    passed: bool
    actual: int
    limit: int
    text: str
    """For people: what it was, what it may be."""


def parse_budget(table: Mapping[str, Any]) -> Budget:
    """Read the table; raises `UsageError` that names the key."""
    limits: dict[str, int] = {}
    level = None
    for key, value in table.items():
        if key in _SIZES:
            limits[key] = parse_size(value, f"[budget] {key}")
        elif key in _COUNTS:
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise UsageError(f"[budget] {key} is no count: {value!r}")
            limits[key] = value
        elif key == "level":
            if value not in list(Level):
                raise UsageError(f"[budget] level is none of {', '.join(Level)}: {value!r}")
            level = Level(value)
        elif key != "ignore":
            known = ", ".join((*_SIZES, *_COUNTS, "level", "ignore"))
            raise UsageError(f"[budget] has no key {key!r}", hint=f"known are: {known}")
    return Budget(limits, level, tuple(_ignore(entry) for entry in _list(table.get("ignore", []))))


def parse_size(value: object, what: str) -> int:
    """Bytes of a number or of text such as `250 MB`; raises `UsageError`."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _SIZE.match(value) if isinstance(value, str) else None
    if match is None:
        raise UsageError(f"{what} is no size: {value!r}", hint="such as: 250 MB")
    return int(float(match[1]) * _UNITS[match[2].upper()])


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise UsageError("[budget] ignore is no array of tables", hint="write [[budget.ignore]]")
    return value


def _ignore(entry: object) -> Ignore:
    if not isinstance(entry, dict) or not entry.keys() <= {"path", "check", "reason", "until"}:
        raise UsageError(f"[[budget.ignore]] has path, check, reason and until, not: {entry!r}")
    until = entry.get("until")
    if until is not None and type(until) is not datetime.date:
        raise UsageError(f"[[budget.ignore]] until is no date: {until!r}", hint="such as: until = 2026-12-31")
    if not isinstance(entry.get("reason"), str) or not entry["reason"].strip():
        raise UsageError("[[budget.ignore]] has no reason", hint="say why, so that others can judge it later")
    return Ignore(str(entry.get("path", "")), str(entry.get("check", "")), entry["reason"], until)


def excused(found: Inspection, budget: Budget, today: datetime.date) -> Inspection:
    """`found` without the findings that the budget excuses."""

    def keeps_secret(secret: Secret) -> bool:
        return not any(ignore.covers(secret.kind, secret.path, today) for ignore in budget.ignores)

    def keeps_check(check: Check) -> bool:
        paths = check.paths or ("",)
        return not all(any(i.covers(check.id, path, today) for i in budget.ignores) for path in paths)

    return msgspec.structs.replace(
        found,
        secrets=tuple(filter(keeps_secret, found.secrets)) if found.secrets is not None else None,
        checks=tuple(filter(keeps_check, found.checks)),
    )


def judge(found: Inspection, budget: Budget, baseline: Comparison | None) -> tuple[Verdict, ...]:
    """Every limit with its verdict; `found` after `excused`. `baseline` is from the older image to this one.

    Raises `UsageError` if a limit needs a baseline and there is none.
    """
    if budget.needs_baseline and baseline is None:
        keys = ", ".join(key for key in BASELINE_KEYS if key in budget.limits)
        raise UsageError(
            f"[budget] {keys}: there is nothing to compare with", hint="name it with --baseline REF"
        )
    return tuple(_verdicts(found, budget, baseline))


def _verdicts(found: Inspection, budget: Budget, baseline: Comparison | None) -> Iterator[Verdict]:
    actual = {
        "size": found.sizes.on_disk,
        "yours": found.sizes.yours,
        "dead": found.sizes.dead,
        "secrets": len(found.secrets or ()),
        "setuid": len(found.privileged),
    }
    if baseline is not None:
        actual["growth"] = baseline.sizes_after.on_disk - baseline.sizes_before.on_disk
        actual["new-packages"] = sum(not change.before for change in baseline.packages)
        actual["new-setuid"] = len(baseline.privileged_added)
    for key, limit in budget.limits.items():
        unit = " bytes" if key in _SIZES else ""
        text = f"{key}: {actual[key]:,}{unit}, at most {limit:,}{unit}"
        yield Verdict(key, actual[key] <= limit, actual[key], limit, text)
    if budget.level is not None:
        ranks = list(Level)
        bad = [c for c in found.checks if ranks.index(c.level) <= ranks.index(budget.level)]
        names = ", ".join(sorted({check.id for check in bad}))
        text = f"findings of level {budget.level} or worse: {len(bad)}" + (f" ({names})" if bad else "")
        yield Verdict("level", not bad, len(bad), 0, text)
