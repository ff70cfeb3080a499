"""What a job was asked for, as data."""

from __future__ import annotations

from dataclasses import dataclass, field

from jettison.image.model import Image
from jettison.keep.policy import Policy
from jettison.layers.stream import Compression
from jettison.observe.evidence import Evidence
from jettison.sandbox.spec import Overrides


@dataclass(frozen=True, kw_only=True)
class Drive:
    """How the application is exercised; the values of the options of that name."""

    http: tuple[str, ...] = ()
    crawl: bool = True
    openapi: str | None = None
    exec: tuple[str, ...] = ()
    host_exec: tuple[str, ...] = ()
    timeout: float | None = None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What stays; the values of the options of that name."""

    policy: Policy = Policy.BALANCED
    shell: bool | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Job:
    """One `jettison slim`."""

    image: Image
    overrides: Overrides = field(default_factory=Overrides)
    drive: Drive = field(default_factory=Drive)
    wanted: Wanted = field(default_factory=Wanted)
    evidence: tuple[Evidence, ...] = ()
    """Recorded observations to decide from; empty: observe now."""
    outputs: tuple[str, ...] = ()
    """References to publish to."""
    force: bool = False
    """Publish although verification failed, and over images that are not ours."""
    split: bool = False
    """Layers for the system, the dependencies and the application, instead of one."""
    compression: Compression = Compression.GZIP
    """Of the layer, where a destination keeps layers compressed."""
