"""Alpine: its version, and the systems with another C library."""

from __future__ import annotations

import re
from typing import Final

from jettison.lint.bases import Distro
from jettison.lint.build import Stage

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
