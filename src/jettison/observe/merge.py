"""The union of observations: associative and idempotent."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import TypeVar

from jettison.errors import UsageError
from jettison.observe.evidence import (
    Access,
    Capability,
    Checks,
    Evidence,
    Exec,
    Lifecycle,
    Phase,
    Resources,
    Run,
    Write,
)

T = TypeVar("T")


def merge(a: Evidence, b: Evidence) -> Evidence:
    """What `a` or `b` observed. Raises UsageError when they are of different images."""
    if a.image.config_digest != b.image.config_digest:
        raise UsageError(
            f"evidence of different images: {a.image.reference} and {b.image.reference}",
            hint="merge only observations of one image",
        )
    paths = _union(a.paths, b.paths, _accesses)
    missing = _union(a.missing, b.missing, _accesses)
    return Evidence(
        image=a.image,
        runs=_runs(a.runs, b.runs),
        paths=paths,
        missing={path: access for path, access in missing.items() if path not in paths},
        writes=_union(a.writes, b.writes, _writes),
        execs=_execs(a.execs, b.execs),
        sockets=a.sockets | b.sockets,
        syscalls=_optional(a.syscalls, b.syscalls, _counts),
        compat_syscalls=_union(a.compat_syscalls, b.compat_syscalls, _counts),
        arguments=_optional(a.arguments, b.arguments, lambda x, y: _union(x, y, operator.or_)),
        capabilities=_optional(a.capabilities, b.capabilities, lambda x, y: _union(x, y, _capabilities)),
        unrecorded=_union(a.unrecorded, b.unrecorded, min),
        resources=_resources(a.resources, b.resources),
        lifecycle=a.lifecycle if a.lifecycle != Lifecycle() else b.lifecycle,
        responses={**b.responses, **a.responses},
        hardening={**b.hardening, **a.hardening},
    )


def _union(a: Mapping[str, T], b: Mapping[str, T], both: Callable[[T, T], T]) -> dict[str, T]:
    return {
        key: both(a[key], b[key]) if key in a and key in b else (a if key in a else b)[key]
        for key in {**a, **b}
    }


def _accesses(a: Access, b: Access) -> Access:
    return Access(a.operations | b.operations, a.phases | b.phases, a.by | b.by, a.steps | b.steps)


def _writes(a: Write, b: Write) -> Write:
    return Write(a.operations | b.operations, a.phases | b.phases, a.by | b.by, a.before)


def _counts(a: dict[str, int], b: dict[str, int]) -> dict[str, int]:
    return _union(a, b, max)


def _capabilities(a: Capability, b: Capability) -> Capability:
    return Capability(_checks(a.used, b.used), _checks(a.refused, b.refused))


def _checks(a: Checks, b: Checks) -> Checks:
    return Checks(a.phases | b.phases, a.by | b.by, a.calls | b.calls)


def _execs(a: list[Exec], b: list[Exec]) -> list[Exec]:
    """Each once, with the higher count."""
    counts: dict[tuple[str, tuple[str, ...], Phase], int] = {}
    for each in (*a, *b):
        key = each.path, each.argv, each.phase
        counts[key] = max(counts.get(key, 0), each.count)
    return sorted(Exec(*key, count) for key, count in counts.items())


def _runs(a: list[Run], b: list[Run]) -> list[Run]:
    """Both; a run that both have counts once."""
    out = list(a)
    for run in b:
        if run not in out:
            out.append(run)
    return out


def _resources(a: Resources, b: Resources) -> Resources:
    """The larger of each."""
    return Resources(
        **{name: _optional(getattr(a, name), getattr(b, name), max) for name in Resources.__struct_fields__}
    )


def _optional(a: T | None, b: T | None, both: Callable[[T, T], T]) -> T | None:
    if a is None or b is None:
        return a if b is None else b
    return both(a, b)
