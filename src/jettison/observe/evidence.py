"""The evidence of one or more observations: what the application did, as one mergeable document.

Schema `jettison.evidence/1`, documented in `docs/evidence.md`. Paths are absolute inside the container and in
the text form of `jettison.layers.path.encode_path`; they are what the process asked for, links unresolved.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from msgspec import Struct, field

SCHEMA = "jettison.evidence/1"


class Phase(StrEnum):
    """When something happened in the life of the container."""

    START = "start"
    SERVE = "serve"
    EXEC = "exec"
    STOP = "stop"


class Operation(StrEnum):
    """What a look-up wanted."""

    OPEN = "open"
    EXEC = "exec"
    STAT = "stat"
    READLINK = "readlink"
    LIST = "list"
    CONNECT = "connect"
    CHDIR = "chdir"
    XATTR = "xattr"
    WRITE = "write"


class Access(Struct, omit_defaults=True):
    """Who looked a path up, how and when."""

    operations: set[Operation] = field(default_factory=set)
    phases: set[Phase] = field(default_factory=set)
    by: set[str] = field(default_factory=set)
    """Executables that did it."""
    steps: set[str] = field(default_factory=set)
    """Workload steps that were first to reach it, one a run."""


class WriteOperation(StrEnum):
    """How a path was changed."""

    CREATE = "create"
    WRITE = "write"
    RENAME = "rename"
    UNLINK = "unlink"
    MKDIR = "mkdir"
    CHMOD = "chmod"
    CHOWN = "chown"


class Write(Struct, omit_defaults=True):
    """A path that the run changed."""

    operations: set[WriteOperation] = field(default_factory=set)
    phases: set[Phase] = field(default_factory=set)
    by: set[str] = field(default_factory=set)
    before: Literal["absent", "file", "directory", "symlink", "other"] = "absent"
    """What the image has there."""


class Exec(Struct, frozen=True, order=True):
    """A program that was executed, with its arguments (values that look like secrets are replaced by
    `***`)."""

    path: str
    argv: tuple[str, ...]
    phase: Phase = Phase.START
    count: int = 1
    """How often, at the most in one run."""


class Socket(Struct, frozen=True, order=True):
    """A socket the application listened on (`listen`) or connected to (`connect`)."""

    direction: Literal["listen", "connect"]
    family: Literal["inet", "inet6", "unix"]
    protocol: Literal["tcp", "udp", "stream", "dgram", "unknown"]
    address: str
    port: int = 0
    executable: str = ""


class Checks(Struct, omit_defaults=True):
    """When and by whom a capability was asked for."""

    phases: set[Phase] = field(default_factory=set)
    by: set[str] = field(default_factory=set)
    """Programs, as they were executed."""
    calls: set[str] = field(default_factory=set)
    """System calls that asked."""


class Capability(Struct, omit_defaults=True):
    """Checks of one capability in the container's user namespace: those that passed and those that did not.

    That a check passed says that the capability made the difference there, or that the kernel asks for it
    first; that one failed need not have disturbed anybody.
    """

    used: Checks = field(default_factory=Checks)
    refused: Checks = field(default_factory=Checks)


class Resources(Struct, omit_defaults=True):
    """Peaks over all runs; null where the host could not tell."""

    memory_peak_bytes: int | None = None
    """Page cache included."""
    memory_working_bytes: int | None = None
    """Anonymous, shared and kernel memory; the largest of samples."""
    cpu_seconds: float | None = None
    pids_peak: int | None = None
    """Processes and threads."""
    files_peak: int | None = None
    """Descriptors open in one process at a time; the largest of samples."""
    shm_peak_bytes: int | None = None
    """Used of /dev/shm; the largest of samples."""


class Lifecycle(Struct, omit_defaults=True):
    """How the application starts and stops; of the first complete run."""

    ready_seconds: float | None = None
    stop_signal: str = ""
    stop_seconds: float | None = None
    exit_code: int | None = None
    killed: bool = False
    """It did not end on its stop signal within the grace and had to be killed."""
    zombies: int = 0
    """Processes that had ended, and whose parents in the container had not asked how, when it was stopped."""


class Run(Struct, omit_defaults=True):
    """One run of the container."""

    id: str
    command: tuple[str, ...]
    steps: tuple[str, ...] = ()
    phases: dict[str, float] = field(default_factory=dict)
    """Seconds spent in each phase."""
    events: int = 0
    complete: bool = True
    """False when an event may have been lost: nothing may be slimmed from it."""
    incomplete_reason: str = ""
    cpu: dict[str, float] = field(default_factory=dict)
    """CPU seconds used in each phase."""


class ImageIdentity(Struct, frozen=True):
    """Which image was observed."""

    reference: str
    config_digest: str
    platform: str
    manifest_digest: str | None = None


class Evidence(Struct, omit_defaults=True):
    """The record of one or more runs of one image."""

    image: ImageIdentity
    schema: str = field(default_factory=lambda: SCHEMA)  # a factory: a default would not be written
    runs: list[Run] = field(default_factory=list)
    paths: dict[str, Access] = field(default_factory=dict)
    """Look-ups of something that the image has."""
    missing: dict[str, Access] = field(default_factory=dict)
    """Look-ups of something that the image does not have."""
    writes: dict[str, Write] = field(default_factory=dict)
    execs: list[Exec] = field(default_factory=list)
    """Sorted; one for each path, arguments and phase."""
    sockets: set[Socket] = field(default_factory=set)
    syscalls: dict[str, int] | None = None
    """Exact: name → how often at the most in one run, of the platform's own ABI, from the execution of the
    container's command on."""
    compat_syscalls: dict[str, dict[str, int]] = field(default_factory=dict)
    """The same of other ABIs (`i386`, `x32`), by ABI."""
    arguments: dict[str, set[tuple[int, ...]]] | None = None
    """Name → what was asked for by calls whose arguments tell more than their name."""
    capabilities: dict[str, Capability] | None = None
    unrecorded: dict[str, str] = field(default_factory=dict)
    """`syscalls` (with `arguments`) or `capabilities` → why at least one run did not record it."""
    resources: Resources = field(default_factory=Resources)
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    responses: dict[str, Any] = field(default_factory=dict)
    """Workload step → what it answered, normalised (schema `jettison.responses/1`)."""
    hardening: dict[str, Any] = field(default_factory=dict)
    """Digest of these observations → what `jettison harden` decided from them."""

    @property
    def complete(self) -> bool:
        """Whether something may be decided from this evidence."""
        return bool(self.runs) and all(run.complete for run in self.runs)
