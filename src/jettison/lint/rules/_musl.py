"""Alpine: its versions, and what is linked against another C library than musl."""

from __future__ import annotations

import re
from typing import Final

from jettison.lint.bases import Distro
from jettison.lint.build import Build, Stage
from jettison.lint.packages import Verb, actions
from jettison.lint.rules._users import lineage

GLIBC: Final = frozenset({Distro.DEBIAN, Distro.UBUNTU, Distro.REDHAT, Distro.SUSE, Distro.ARCH})
"""Systems whose programs need glibc."""
MUSL: Final = frozenset({Distro.ALPINE})
"""Systems with musl. Wolfi looks like Alpine and has glibc."""


def alpine_version(stage: Stage) -> tuple[int, int] | None:
    """The version of Alpine below a stage, if the tag of its base tells it."""
    base = stage.root.base
    if base is None or base.tag is None or stage.distro is not Distro.ALPINE:
        return None
    pattern = r"v?(\d+)\.(\d+)" if base.short == "alpine" else r".*alpine(\d+)\.(\d+)"
    match = re.match(pattern, base.tag)
    return (int(match[1]), int(match[2])) if match else None


def installed(stage: Stage, build: Build) -> set[str]:
    """The names of all packages that a stage and its parents install."""
    return {
        package.name
        for member in lineage(stage)
        for request in actions(build.runs(member))
        if request.verb in (Verb.INSTALL, Verb.SYNC)
        for package in request.packages
    }
