"""What one observed run left: every look-up, program and socket, with the phase and the workload step."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from jettison.observe.evidence import Operation, Phase, WriteOperation

Direction = Literal["listen", "connect"]
SocketFamily = Literal["inet", "inet6", "unix"]
Protocol = Literal["tcp", "udp", "stream", "dgram", "unknown"]


class Lookup(Struct, frozen=True):
    """A path that was looked up, in one phase, by one executable; repetitions are folded into the first."""

    path: bytes
    """Absolute in the container: joined with the caller's working folder or folder descriptor; `..` and links
    are untouched."""
    operation: Operation
    phase: Phase
    step: str
    """The workload step during which it happened first."""
    executable: bytes = b""
    """Path of the program that did it; empty for the container's runtime."""
    root: bytes = b""
    """Where `/` of the caller was, if it had changed it (chroot): absolute links and `..` end there."""
    follow: bool = True
    """Whether a link at the end of the path is followed."""
    writes: tuple[WriteOperation, ...] = ()
    """What is changed there, if the call succeeds."""


class Execution(Struct, frozen=True):
    """A program that was executed `count` times in one phase with the same arguments (bounded, secrets
    masked)."""

    path: bytes
    argv: tuple[bytes, ...]
    phase: Phase
    count: int


class Endpoint(Struct, frozen=True):
    """A socket that was listened on or connected to."""

    direction: Direction
    family: SocketFamily
    protocol: Protocol
    address: str
    """inet, inet6: in text form. unix: the path, or the name after `@`, as `encode_path` writes it."""
    port: int = 0
    executable: bytes = b""


class CapabilityCheck(Struct, frozen=True):
    """The kernel checked whether a process has a capability in the container's user namespace."""

    name: str
    granted: bool
    phase: Phase
    executable: bytes
    """The program, as it was executed."""
    call: str
    """The system call that needed it, or the last one before."""


class Tally(Struct, frozen=True):
    """What the kernel's tracepoints told; null what could not be had, with the reason in `unrecorded`."""

    syscalls: dict[str, int] | None = None
    """Name → count, of the machine's own ABI."""
    compat_syscalls: dict[str, dict[str, int]] = {}
    """The same of the other ABIs that its kernel runs, by ABI."""
    arguments: dict[str, set[tuple[int, ...]]] | None = None
    checks: tuple[CapabilityCheck, ...] | None = None
    unrecorded: dict[str, str] = {}


class Trace(Struct, frozen=True):
    """The record of one run."""

    lookups: tuple[Lookup, ...] = ()
    executions: tuple[Execution, ...] = ()
    sockets: tuple[Endpoint, ...] = ()
    steps: tuple[str, ...] = ()
    phases: dict[Phase, float] = {}
    """Seconds spent in each phase."""
    events: int = 0
    """System calls that were stopped and looked at."""
    complete: bool = True
    """False when an event may have been lost; `reason` says why."""
    reason: str = ""
    tally: Tally = Tally()


class Report(Struct, array_like=True):
    """What the supervisor hands over at the end, as msgpack: tables, and rows of numbers into them."""

    executables: list[bytes]
    lookups: list[tuple[int, bytes, bytes, int, int, int]]
    """kind (see `calls`), path, root, executable, phase (place in `Phase`), mark (number of the
    `Observer.mark`)."""
    executions: list[tuple[bytes, tuple[bytes, ...], int, int]]
    """path, argv, phase, count."""
    sockets: list[tuple[Direction, SocketFamily, Protocol, str, int, int]]
    """direction, family, protocol, address, port, executable."""
    events: int
    reason: str
