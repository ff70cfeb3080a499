"""Base images: their names, and what is known of their releases."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from jettison.lint.bases import BaseName
from jettison.lint.rule import Context
from jettison.lint.syntax import Instruction


def base_of(node: Instruction, context: Context) -> BaseName | None:
    """The base image of a FROM with arguments filled in; None for stages, `scratch` and what is not known."""
    stage = context.build.stage_of(node)
    base = stage.base if stage is not None and stage.node is node else None
    return None if base is None or base.name == "scratch" else base


def official(base: BaseName) -> str | None:
    """The name of a Docker official image; None for any other."""
    return base.repository if base.registry == "docker.io" and "/" not in base.repository else None


VERSION: Final = re.compile(r"v?(\d+(?:\.\d+)*)(?=[-_.a-z]|\Z)")
"""The version that a tag starts with."""


@dataclass(frozen=True, slots=True)
class End:
    """Releases of an image that are no longer looked after."""

    below: tuple[int, ...]
    """The first version that still was on the date that the table is of."""
    last: date
    """When the newest of the ended ones ended."""


ENDED: Final = {
    "alpine": End((3, 22), date(2026, 11, 1)),
    "debian": End((12,), date(2026, 8, 31)),
    "ubuntu": End((22, 4), date(2025, 5, 31)),
    "centos": End((9,), date(2024, 6, 30)),
    "fedora": End((43,), date(2026, 5, 13)),
    "python": End((3, 11), date(2026, 10, 31)),
    "node": End((22,), date(2026, 4, 30)),
    "php": End((8, 2), date(2025, 12, 31)),
    "ruby": End((3, 3), date(2026, 3, 31)),
    "golang": End((1, 25), date(2026, 2, 28)),
    "postgres": End((15,), date(2026, 11, 12)),
}
"""As of November 2026; sources: the release pages of each project, and the product files of endoflife.date.
Support that has to be asked or paid for is not counted, that of Debian's volunteers is. Only what has ended
is here, so an old table is silent, never wrong."""
CODENAMES: Final = {
    **dict.fromkeys(("jessie", "stretch", "buster"), date(2024, 6, 30)),
    "bullseye": date(2026, 8, 31),
    **dict.fromkeys(("trusty", "xenial", "bionic", "focal"), date(2025, 5, 31)),
    **dict.fromkeys(("kinetic", "lunar", "mantic", "oracular"), date(2025, 7, 10)),
    **dict.fromkeys(("plucky", "questing"), date(2026, 7, 1)),
}
"""Debian and Ubuntu releases by name that have ended; also in tags of images that are built on them."""
DEPRECATED: Final = {
    "openjdk": "eclipse-temurin, or another build of OpenJDK",
    "java": "eclipse-temurin, or another build of OpenJDK",
    "adoptopenjdk": "eclipse-temurin",
    "centos": "almalinux, rockylinux or quay.io/centos/centos",
    "iojs": "node",
    "django": "python",
    "rails": "ruby",
    "celery": "python",
    "consul": "hashicorp/consul",
    "vault": "hashicorp/vault",
    "nuxeo": "docker-private.packages.nuxeo.com/nuxeo/nuxeo",
    "ubuntu-debootstrap": "ubuntu",
    "sl": "almalinux or rockylinux",
    "clefos": "almalinux or rockylinux",
}
"""Docker official images that are no longer built, with what their pages name instead."""
NAMED_BY_NUMBER: Final = frozenset(
    {
        *("debian", "fedora", "centos", "rockylinux", "almalinux", "oraclelinux", "amazonlinux"),
        *("ubi", "ubi-minimal", "ubi-micro", "ubi-init", "photon", "mageia", "buildpack-deps"),
    }
)
"""Distributions whose releases are called by one number; within one there are only repairs."""


def version_of(base: BaseName) -> tuple[int, ...] | None:
    """The version that the tag starts with; None if it starts with none."""
    match = VERSION.match(base.tag or "")
    return tuple(int(part) for part in match[1].split(".")) if match else None
