"""What `jettison inspect` knows about an image, as one document.

The structs are the JSON schema (`docs/inspect.md`): field names are a contract, new ones may be added. Paths
are text as `jettison.layers.path.encode_path` makes it, without a leading slash. Sizes are bytes. Layers are
counted from 0, base first.
"""

from __future__ import annotations

import enum

import msgspec
from msgspec import Struct

SCHEMA = "jettison.inspection/1"


class Level(enum.StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """Somebody who has the image can do harm with it."""
    WARNING = "warning"
    INFO = "info"


class Origin(enum.StrEnum):
    """Who brought something."""

    BASE = "base"
    YOURS = "yours"
    UNKNOWN = "unknown"
    """Where the base could not be told."""


class ImageFacts(Struct, frozen=True):
    """Which image."""

    reference: str
    id: str
    """Digest of the config."""
    digest: str
    """Digest of the manifest; empty where the source has none."""
    platform: str
    created: str
    user: str
    entrypoint: tuple[str, ...]
    cmd: tuple[str, ...]
    working_dir: str
    ports: tuple[str, ...]
    volumes: tuple[str, ...]
    env: tuple[str, ...]
    """Names and values; values that are secrets are masked."""
    labels: dict[str, str]
    stop_signal: str
    healthcheck: tuple[str, ...]
    distro: str
    """`Debian GNU/Linux 12 (bookworm)`; empty if it has none."""


class BaseFacts(Struct, frozen=True):
    """What the image was built from."""

    name: str
    digest: str
    layers: int
    entries: int
    """Entries of the history that are its."""
    how: str
    """`equal layers`, `annotation`, `label`, `history`, or empty if it is not known."""


class Sizes(Struct, frozen=True):
    """The three sizes of an image, and what they are made of."""

    pulled: int | None
    """Compressed layers as a registry sends them; null where the source has no compressed form."""
    on_disk: int
    """Content of all layers."""
    reachable: int
    """Content that the final file system shows."""
    dead: int
    """Content that it does not: `on_disk - reachable`."""
    duplicate: int
    """Reachable content that is there more than once, without one copy of each."""
    yours: int
    """Content of the layers above the base; all of it where the base is not known."""
    files: int
    """Regular files of the final file system."""
    entries: int
    """All its paths."""


class LayerFacts(Struct, frozen=True):
    """One layer."""

    index: int
    diff_id: str
    origin: Origin
    instruction: int | None
    """Index of the history entry that made it."""
    text: str
    """That instruction, shortened."""
    pulled: int | None
    on_disk: int
    reachable: int
    dead: int
    files: int
    added: int
    changed: int
    removed: int


class InstructionFacts(Struct, frozen=True):
    """One entry of the history."""

    index: int
    keyword: str
    text: str
    layer: int | None
    origin: Origin
    created: str


class DeadFacts(Struct, frozen=True):
    """A file that the final file system does not show, but the image holds."""

    path: str
    size: int
    layer: int
    by: int
    cause: str
    """`deleted`, `replaced` or `copied`."""


class Part(Struct, frozen=True):
    """The share of one layer in a waste."""

    layer: int
    size: int
    files: int


class Waste(Struct, frozen=True):
    """Bytes that the image could do without."""

    id: str
    title: str
    size: int
    files: int
    origin: Origin
    """`yours` as soon as a part of it is."""
    remedy: str
    """The edit that removes it."""
    parts: tuple[Part, ...]
    samples: tuple[str, ...]
    """Some of the paths, largest first."""


class Duplicate(Struct, frozen=True):
    """One content under several paths that are no hard links of each other."""

    size: int
    paths: tuple[str, ...]


class Secret(Struct, frozen=True):
    """A secret in the image."""

    kind: str
    title: str
    place: str
    """`file`, `env`, `label`, `history`, `argument`, `command`."""
    path: str
    """The path of a file, else the name of the variable, label or entry."""
    line: int
    layer: int | None
    hidden: bool
    """A later layer hid the file; the layer still has it."""
    masked: str
    fingerprint: str
    origin: Origin


class Check(Struct, frozen=True):
    """A finding of the checks of images."""

    id: str
    level: Level
    title: str
    detail: str
    remedy: str
    origin: Origin
    paths: tuple[str, ...] = ()
    layer: int | None = None


class UserFacts(Struct, frozen=True):
    """A user that the image defines."""

    name: str
    uid: int
    gid: int
    shell: str
    can_log_in: bool
    password: str
    """`none` (locked), `set` or `empty`."""


class PrivilegedFile(Struct, frozen=True):
    """A program with set-user-id, set-group-id or file capabilities."""

    path: str
    how: str
    layer: int
    package: str


class CertificateFacts(Struct, frozen=True):
    """A certificate outside of the stores of certificate authorities."""

    path: str
    subject: str
    not_after: str
    expired: bool
    """By the time of the inspection."""


class WeakProgram(Struct, frozen=True):
    """A program that lacks defences."""

    path: str
    lacks: tuple[str, ...]
    package: str


class Hardening(Struct, frozen=True):
    """The defences of all ELF files together."""

    programs: int
    libraries: int
    pie: int
    nx: int
    full_relro: int
    partial_relro: int
    canary: int
    weak: tuple[WeakProgram, ...]


class PackageFacts(Struct, frozen=True):
    """A package in the image."""

    ecosystem: str
    name: str
    version: str
    arch: str
    source: str
    license: str
    purl: str
    location: str
    files: int
    size: int
    origin: Origin
    dev: bool


class Vulnerability(Struct, frozen=True):
    """A known vulnerability of a package in the image."""

    id: str
    severity: str
    package: str
    version: str
    fixed: str
    """The first version without it; empty if there is none."""
    purl: str


class Inspection(Struct, frozen=True):
    """The whole document."""

    image: ImageFacts
    base: BaseFacts
    sizes: Sizes
    layers: tuple[LayerFacts, ...]
    history: tuple[InstructionFacts, ...]
    dockerfile: str
    waste: tuple[Waste, ...]
    """Largest first."""
    dead: tuple[DeadFacts, ...]
    """Largest first; the first 1000."""
    duplicates: tuple[Duplicate, ...]
    """By bytes that are lost, largest first; the first 200."""
    secrets: tuple[Secret, ...] | None
    """Null if they were not looked for."""
    checks: tuple[Check, ...]
    users: tuple[UserFacts, ...]
    privileged: tuple[PrivilegedFile, ...]
    world_writable: tuple[str, ...]
    certificates: tuple[CertificateFacts, ...]
    shells: tuple[str, ...]
    package_managers: tuple[str, ...]
    hardening: Hardening | None
    packages: tuple[PackageFacts, ...] | None
    """Null if they were not looked for."""
    vulnerabilities: tuple[Vulnerability, ...] | None
    """Null: not assessed, since no database was given."""
    problems: tuple[str, ...]
    """What could not be read; each as `place: cause`."""
    schema: str = SCHEMA

    def to_json(self) -> bytes:
        """The document, indented, with a line break at its end."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"
