"""What a `slim` run did, as one document: schema `jettison.report/1`, described in `docs/report.md`."""

from __future__ import annotations

from msgspec import Struct, field

from jettison.observe.evidence import ImageIdentity
from jettison.verify.compare import Difference

SCHEMA = "jettison.report/1"


class Size(Struct, frozen=True):
    """How large an image is."""

    bytes: int
    """Bytes of regular files in the merged file system; hard links count once."""
    files: int
    """Paths that are not folders."""
    layers: int


class PublishedImage(Struct, frozen=True):
    """An image that was handed over."""

    reference: str
    digest: str


class Verification(Struct, omit_defaults=True):
    """What the replay on the candidate showed."""

    passed: bool = False
    rounds: int = 0
    """Candidates that were written and tried."""
    steps: int = 0
    """Workload steps whose answers were compared."""
    unstable: list[str] = field(default_factory=list)
    """Steps that the original itself answers differently each time: run, not compared."""
    healed: list[str] = field(default_factory=list)
    """Paths that verification added to the plan."""
    differences: list[Difference] = field(default_factory=list)


class ReasonRecord(Struct, frozen=True, omit_defaults=True):
    """One reason for keeping a path."""

    rule: str
    text: str
    because: str = ""
    """The kept path that asked for this one."""


class Learned(Struct, omit_defaults=True):
    """What the observation showed about the application; the whole of it is in `evidence.json`."""

    executables: list[str] = field(default_factory=list)
    listens: list[str] = field(default_factory=list)
    connects: list[str] = field(default_factory=list)
    written: int = 0
    """Paths the application changed."""
    ready_seconds: float | None = None
    stop_seconds: float | None = None
    killed: bool = False
    """It ignored its stop signal."""
    memory_peak_bytes: int | None = None
    pids_peak: int | None = None
    steps: int = 0
    events: int = 0


class PackageRecord(Struct, frozen=True):
    """What is left of one package of the original."""

    ecosystem: str
    name: str
    version: str
    state: str
    """`whole`, `part` or `removed`."""
    files: int
    """Files that stay, documentation aside."""
    of: int
    """Files that the original has."""


class RuleShare(Struct, frozen=True):
    """What stays because of one rule before any other."""

    rule: str
    bytes: int
    files: int


class SlimReport(Struct, omit_defaults=True):
    """The whole story of one run of `jettison slim`."""

    image: ImageIdentity
    policy: str
    version: str
    original: Size
    schema: str = field(default_factory=lambda: SCHEMA)  # a factory: a default would not be written
    slim: Size | None = None
    published: list[PublishedImage] = field(default_factory=list)
    verification: Verification = field(default_factory=Verification)
    learned: Learned = field(default_factory=Learned)
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall time of each stage."""
    warnings: list[str] = field(default_factory=list)
    by_rule: list[RuleShare] = field(default_factory=list)
    """Largest first; what is not of the rule `observed` was kept without having been seen in use."""
    packages: list[PackageRecord] = field(default_factory=list)
    kept: dict[str, list[ReasonRecord]] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    """Path → bytes, of everything that is not a folder."""
