"""What `harden` decides and learns, as data; schema `jettison.harden/1`, described in `docs/harden.md`.

A value that ends up in a manifest carries `because`: the evidence it came from, in one line, which the
manifest cites in a comment.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from msgspec import Struct, field

from jettison.observe.evidence import ImageIdentity
from jettison.verify.compare import Difference

SCHEMA = "jettison.harden/1"


class Number(Struct, frozen=True):
    """A limit."""

    value: int
    because: str


class Decision(Struct, frozen=True):
    """Whether something is enforced."""

    on: bool
    because: str


class Seccomp(Struct, frozen=True):
    """The system calls that are allowed; all others fail with EPERM."""

    names: tuple[str, ...]
    """Sorted."""
    used: tuple[str, ...]
    """Those that the observation saw; the others are closure."""
    because: str
    families: tuple[int, ...] | None = None
    """Address families that socket(2) may ask for; None: not filtered."""
    namespaces: bool = False
    """Whether clone(2) may make namespaces."""


class Capability(Struct, frozen=True):
    """A capability that stays when all others are dropped."""

    name: str
    """As in capabilities(7), `CAP_CHOWN`."""
    because: str
    start_only: bool = False
    """Used before the application was ready and not later."""
    remedy: str = ""
    """How to get rid of it."""


class RunAs(Struct, frozen=True):
    """Who the application runs as."""

    uid: int
    gid: int
    because: str
    name: str = ""
    """In the image's passwd(5), if it has one."""
    refused: tuple[str, ...] = ()
    """When it has to stay root: what refused an ordinary user."""

    @property
    def root(self) -> bool:
        """Whether that is root."""
        return self.uid == 0


class StorageKind(StrEnum):
    """What an application writes somewhere, by what it is for."""

    TEMPORARY = "temporary"
    CACHE = "cache"
    RUNTIME = "runtime"
    """Process ids and sockets."""
    LOG = "log"
    DATA = "data"
    """Must survive a restart."""
    CONFIGURATION = "configuration"


class Medium(StrEnum):
    """What is mounted there."""

    TMPFS = "tmpfs"
    VOLUME = "volume"


class Storage(Struct, frozen=True, kw_only=True):
    """A writable folder of a read-only root file system."""

    path: str
    """Absolute, in the container."""
    kind: StorageKind
    medium: Medium
    because: str
    size_bytes: int
    """A limit for tmpfs, a request for a volume."""
    uid: int = 0
    gid: int = 0
    mode: int = 0o755
    """Owner and permissions that the application needs there."""
    seeded: bool = False
    """The image has content there that the application needs: a new volume starts as a copy of it."""

    @property
    def name(self) -> str:
        """A name for the volume: a label of RFC 1123."""
        return _label(self.path)


class MountKind(StrEnum):
    """What the user mounts from the host."""

    FOLDER = "folder"
    FILE = "file"
    SPECIAL = "special"
    """A socket or a device."""


class Mounted(Struct, frozen=True, kw_only=True):
    """What the user mounted from the host while it was observed."""

    path: str
    """Absolute, in the container."""
    source: str
    """Absolute, on the host."""
    kind: MountKind
    read_only: bool = False

    @property
    def name(self) -> str:
        """A name for the volume: a label of RFC 1123."""
        return _label(self.path)


def _label(path: str) -> str:
    words = "".join(c if c.isascii() and c.isalnum() else "-" for c in path.lower()).strip("-")
    return "-".join(filter(None, words.split("-")))[-50:].strip("-") or "data"


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that is enforced, at once."""

    seccomp: Seccomp | None
    """None: not known on this host; the engine's default list."""
    capabilities: tuple[Capability, ...]
    no_new_privileges: Decision
    run_as: RunAs
    read_only_root: Decision
    storage: tuple[Storage, ...]
    memory_bytes: Number | None
    """None: this host cannot limit memory."""
    memory_request_bytes: Number | None
    cpu_millis: Number | None
    """Thousandths of a CPU that it needs under the workload; a request, not a limit."""
    pids: Number
    open_files: Number
    shm_bytes: Number


class Port(Struct, frozen=True, order=True):
    """A port that the application listens on."""

    number: int
    protocol: Literal["tcp", "udp"]
    because: str
    scheme: Literal["http", "https", "tcp", "udp"] = "tcp"
    exposed: bool = True
    """Whether the image's EXPOSE names it."""
    loopback: bool = False
    """Only reachable from inside."""


class Outgoing(Struct, frozen=True, order=True):
    """Somewhere the application connects to."""

    address: str
    port: int
    protocol: str
    executable: str = ""


class Probe(Struct, frozen=True, kw_only=True):
    """How to ask whether it is alive or ready."""

    kind: Literal["http", "https", "tcp", "exec"]
    because: str
    port: int = 0
    path: str = ""
    command: tuple[str, ...] = ()
    host: str = ""
    """The Host header that the application insists on; empty: any."""


class Metrics(Struct, frozen=True):
    """Where metrics in the Prometheus text format are."""

    port: int
    path: str
    because: str


class Logs(Struct, frozen=True):
    """Where log lines go and how they look."""

    stdout: bool
    """Whether anything came on stdout or stderr."""
    format: str
    """`json`, `logfmt`, `combined` (web servers), `plain`, or empty when there is no line."""
    files: tuple[str, ...]
    """Log files it writes inside the container."""
    because: str


class Operations(Struct, frozen=True, kw_only=True):
    """What operators ask a service."""

    readiness: Probe | None = None
    liveness: Probe | None = None
    healthcheck: Probe | None = None
    """A command inside that needs nothing the image does not have; for engines without HTTP probes."""
    metrics: Metrics | None = None
    logs: Logs | None = None


class Life(Struct, frozen=True, kw_only=True):
    """How it starts, ends and comes back; None where that was not tried."""

    batch: bool
    """It does its work and ends by itself."""
    start_seconds: float | None = None
    stop_signal: str = "SIGTERM"
    stop_seconds: float | None = None
    exit_code: int | None = None
    killed: bool = False
    """It ignored the stop signal."""
    stops_while_starting: bool | None = None
    """Whether a stop signal during its start ended it."""
    in_flight: int | None = None
    """Requests that were being answered when the stop signal came."""
    in_flight_lost: int = 0
    """Those of them that got no whole answer."""
    zombies_made: int | None = None
    zombies_left: int = 0
    restarted: bool | None = None
    """Whether it answered the same after a restart with the same volumes."""
    restart_error: str = ""


class Secret(Struct, frozen=True, order=True):
    """A value that must not stand in a manifest, in an image or on a command line."""

    where: Literal["environment", "command", "file"]
    name: str
    """Variable, argument or path."""
    kind: str
    because: str
    baked: bool = False
    """The image itself holds the value."""


class Service(Struct, frozen=True, kw_only=True):
    """What is deployed."""

    name: str
    """A label of RFC 1123."""
    image: str
    """Reference for the manifests, without transport."""
    command: tuple[str, ...] | None = None
    """Only when the user runs it otherwise than the image says."""
    entrypoint: tuple[str, ...] | None = None
    env: tuple[tuple[str, str], ...] = ()
    """What the user set beyond the image; values of secrets are left out (empty)."""
    secret_env: tuple[str, ...] = ()
    """Variables whose values come from a secret."""
    mounts: tuple[Mounted, ...] = ()
    ports: tuple[Port, ...] = ()
    outgoing: tuple[Outgoing, ...] = ()


class Deployment(Struct, frozen=True, kw_only=True):
    """Everything that manifests are written from."""

    service: Service
    settings: Settings
    operations: Operations
    life: Life
    secrets: tuple[Secret, ...] = ()


class Relaxation(Struct, frozen=True):
    """Something that had to be given up, because the application failed under it."""

    what: str
    """`capabilities`, `seccomp`, `user`, `read-only root`, `memory`, `no new privileges`."""
    text: str
    differences: tuple[Difference, ...] = ()
    """How it failed."""


class Proof(Struct, frozen=True, kw_only=True):
    """Where the emitted set was enforced and what came of it."""

    where: str
    """`sandbox`, `docker compose`, `podman kube play`."""
    passed: bool | None
    """None: not tried here."""
    enforced: tuple[str, ...] = ()
    not_enforced: tuple[str, ...] = ()
    """Emitted and not enforced there, with the reason."""
    steps: int = 0
    detail: str = ""


class Grade(Struct, frozen=True):
    """One line of the scorecard."""

    need: str
    """A production need, as in `Security: capabilities`."""
    grade: Literal["A", "B", "C", "D", "E", "F", "-"]
    """`-`: not assessed."""
    reason: str
    next: str = ""
    """What to do for a better grade."""


class HardenReport(Struct, frozen=True, kw_only=True):
    """The whole story of one run of `jettison harden`."""

    image: ImageIdentity
    version: str
    deployment: Deployment
    relaxed: tuple[Relaxation, ...]
    proofs: tuple[Proof, ...]
    grades: tuple[Grade, ...]
    files: tuple[str, ...] = ()
    """What was written, relative to the output folder."""
    warnings: tuple[str, ...] = ()
    schema: str = field(default_factory=lambda: SCHEMA)  # a factory: a default would not be written

    @property
    def proven(self) -> bool:
        """Whether it ran under the emitted set somewhere and failed nowhere."""
        return any(proof.passed for proof in self.proofs) and all(
            proof.passed is not False for proof in self.proofs
        )
