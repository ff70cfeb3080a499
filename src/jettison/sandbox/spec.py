"""What to run and how: the image's configuration and the user's wishes, put together as Docker does."""

from __future__ import annotations

import os
import posixpath
import re
import resource
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jettison.errors import ApplicationError, InvalidInputError, UsageError
from jettison.limits import MAX_PIDS, MAX_SMALL_FILE_BYTES, STOP_TIMEOUT_S
from jettison.sandbox.network import OWN_NETWORK, Network
from jettison.sandbox.rootfs import Mountpoint
from jettison.sandbox.rootless import possible
from jettison.sandbox.users import ROOT, User, resolve_user

if TYPE_CHECKING:
    from jettison.image.config import ImageConfig
    from jettison.layers.tree import FileTree

DEFAULT_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
HOSTNAME: Final = "jettison"
"""The same in every run, so that it makes no difference between two of them."""
CAPABILITIES: Final = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_NET_RAW",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
    "CAP_AUDIT_WRITE",
)
"""Docker's default set."""
_OPEN_FILES: Final = 1024 * 1024
"""Docker's limit of open files, where this host allows as many."""
SHM_BYTES: Final = 64 * 1024 * 1024
"""Docker's size of /dev/shm."""
_REAL_TIME: Final = re.compile(r"RTM(IN|AX)(?:([+-])(\d{1,2}))?")


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A host file or folder shown in the container."""

    source: Path
    destination: str
    """Absolute and normalised."""
    read_only: bool = False
    """Otherwise the application may write, into a copy that is thrown away: the host never changes."""


@dataclass(frozen=True, kw_only=True)
class Tmpfs:
    """An empty folder in memory (tmpfs(5))."""

    destination: str
    """Absolute and normalised."""
    size_bytes: int
    uid: int = 0
    gid: int = 0
    mode: int = 0o1777


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A folder of ours that the application may write; what it writes is there in the next run."""

    source: Path
    destination: str
    """Absolute and normalised."""


@dataclass(frozen=True, kw_only=True)
class Overrides:
    """What the user wants otherwise than the image says; None and empty: as the image says."""

    env: tuple[str, ...] = ()
    """`NAME=VALUE`, or `NAME` for this process's own value (without one, the image's variable is removed)."""
    env_file: tuple[Path, ...] = ()
    user: str | None = None
    entrypoint: tuple[str, ...] | None = None
    """Replaces the image's entrypoint and clears its command; empty: no entrypoint."""
    cmd: tuple[str, ...] | None = None
    mounts: tuple[Mount, ...] = ()
    working_dir: str | None = None
    network: Network = OWN_NETWORK
    fresh_network: Callable[[], Network] | None = None
    """Gives the network of each run anew, instead of `network`."""
    stop_timeout: float = STOP_TIMEOUT_S
    """Seconds between the stop signal and SIGKILL."""


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """A process to run in a container. Change one with `dataclasses.replace`."""

    argv: tuple[str, ...]
    env: dict[str, str]
    """Without HOME, unless image or user set it: then it is the home folder of whoever runs."""
    cwd: str = "/"
    user: User = ROOT
    hostname: str = HOSTNAME
    mounts: tuple[Mount, ...] = ()
    tmpfs: tuple[Tmpfs, ...] = ()
    volumes: tuple[Volume, ...] = ()
    network: Network = OWN_NETWORK
    fresh_network: Callable[[], Network] | None = field(default=None, compare=False)
    """See `Overrides.fresh_network`."""
    stop_signal: int = signal.SIGTERM
    stop_timeout: float = STOP_TIMEOUT_S
    seccomp: Mapping[str, Any] | None = None
    """The `linux.seccomp` section of the OCI config, with `listenerPath` when an observer watches; None: what
    engines refuse (`confinement`)."""
    capabilities: tuple[str, ...] = CAPABILITIES
    no_new_privileges: bool = False
    read_only_root: bool = False
    memory_bytes: int | None = None
    """memory.max; None: as much as the host has."""
    pids: int = MAX_PIDS
    """pids.max."""
    processes_of_user: int | None = None
    """RLIMIT_NPROC, where there is no pids.max; None: not limited."""
    open_files: int = field(default_factory=lambda: _open_files())
    shm_bytes: int = SHM_BYTES
    """Size of /dev/shm."""
    tree: FileTree | None = field(default=None, repr=False, compare=False)
    """Where names of users are looked up for `Sandbox.exec`."""

    def for_run(self) -> RunSpec:
        """The spec of the next run, with its network."""
        return self if self.fresh_network is None else replace(self, network=self.fresh_network())

    @property
    def mountpoints(self) -> tuple[Mountpoint, ...]:
        """What must exist in the root file system; for `rootfs.mounted`."""
        return (
            Mountpoint(self.cwd),
            *(Mountpoint(mount.destination, mount.source.is_dir()) for mount in self.mounts),
            *(Mountpoint(tmpfs.destination) for tmpfs in self.tmpfs),
            *(Mountpoint(volume.destination) for volume in self.volumes),
        )


def run_spec(config: ImageConfig, tree: FileTree, overrides: Overrides = Overrides()) -> RunSpec:
    """What `docker run` would run for this image and these wishes.

    Raises UsageError for a wish that cannot be meant, InvalidInputError for a configuration that cannot be
    run, ApplicationError when there is no command, and HostError where this user's namespace lacks the user.
    """
    run = config.config
    wanted_user = overrides.user if overrides.user is not None else run.user
    try:
        user = resolve_user(tree, wanted_user)
    except InvalidInputError as error:
        if overrides.user is not None:
            raise UsageError(
                str(error), hint="--user takes a name or number of the image, as in 1000:1000"
            ) from error
        raise
    possible(user)
    return RunSpec(
        argv=_arguments(run.entrypoint or (), run.cmd or (), overrides),
        env=_environment(run.env, overrides),
        cwd=working_directory(
            tree, run.working_dir if overrides.working_dir is None else overrides.working_dir
        ),
        user=user,
        mounts=overrides.mounts,
        network=overrides.network,
        fresh_network=overrides.fresh_network,
        stop_signal=parse_signal(run.stop_signal) if run.stop_signal else signal.SIGTERM,
        stop_timeout=overrides.stop_timeout,
        tree=tree,
    )


def _arguments(entrypoint: Sequence[str], cmd: Sequence[str], overrides: Overrides) -> tuple[str, ...]:
    """Docker's rule: an entrypoint that is given replaces the image's and clears its command."""
    if overrides.entrypoint is not None:
        entrypoint, cmd = overrides.entrypoint, ()
    if overrides.cmd is not None:
        cmd = overrides.cmd
    argv = (*entrypoint, *cmd)
    if not argv:
        raise ApplicationError(
            "the image has neither ENTRYPOINT nor CMD", hint="say what to run with --entrypoint or --cmd"
        )
    for argument in argv:
        _no_nul(argument, "an argument of the command")
    return argv


def _environment(image: Sequence[str], overrides: Overrides) -> dict[str, str]:
    env = {"PATH": DEFAULT_PATH, "HOSTNAME": HOSTNAME}
    for entry in image:
        name, separator, value = entry.partition("=")
        if name and separator:
            env[_no_nul(name, "ENV")] = _no_nul(value, f"ENV {name}")
    wishes = [line for path in overrides.env_file for line in read_env_file(path)] + list(overrides.env)
    for entry in wishes:
        name, separator, value = entry.partition("=")
        if not name or "\0" in entry:
            raise UsageError(f"not an environment variable: {entry!r}", hint="--env takes NAME=VALUE or NAME")
        if separator:
            env[name] = value
        elif name in os.environ:
            env[name] = os.environ[name]
        else:
            env.pop(name, None)
    return env


def read_env_file(path: Path) -> list[str]:
    """The variables of an `--env-file`: `#` starts a comment line, values are taken as they are, unset names
    are left out.

    Raises UsageError with the line number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            lines = file.read(MAX_SMALL_FILE_BYTES).split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the environment file {path}: {error}") from error
    out: list[str] = []
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\r").lstrip()
        if not text or text.startswith("#"):
            continue
        name, separator, _ = text.partition("=")
        if not name or any(character.isspace() for character in name):
            raise UsageError(f"{path}:{number}: not a variable name: {name!r}")
        if separator:
            out.append(text)
        elif name in os.environ:
            out.append(f"{name}={os.environ[name]}")
    return out


def working_directory(tree: FileTree, path: str) -> str:
    """`path` of the configuration, cleaned; raises InvalidInputError unless it is an absolute path outside
    /proc.

    A working directory like /proc/self/fd/7, also by way of a link, has led out of containers
    (CVE-2024-21626).
    """
    if not path:
        return "/"
    _no_nul(path, "WORKDIR")
    if not path.startswith("/"):
        raise InvalidInputError(f"WORKDIR {path!r} is not an absolute path")
    clean = posixpath.normpath(path).replace("//", "/")
    final = tree.resolve(os.fsencode(clean)).path
    if final == b"proc" or final.startswith(b"proc/"):
        raise InvalidInputError(f"WORKDIR {path!r} leads into /proc, which is refused (CVE-2024-21626)")
    return clean


def parse_mount(text: str) -> Mount:
    """`SRC:DST[:ro|rw]`; raises UsageError. SRC must exist; DST is absolute."""
    parts = text.split(":")
    if len(parts) not in (2, 3) or not all(parts) or (len(parts) == 3 and parts[2] not in ("ro", "rw")):
        raise UsageError(f"not a mount: {text!r}", hint="--mount takes SRC:DST or SRC:DST:ro")
    source, destination = Path(parts[0]).absolute(), parts[1]
    if not destination.startswith("/") or "\0" in text:
        raise UsageError(f"--mount {text!r}: {destination!r} is not an absolute path")
    clean = posixpath.normpath(destination).replace("//", "/")
    if clean == "/":
        raise UsageError(f"--mount {text!r}: a mount cannot cover the whole container")
    if not source.exists():
        raise UsageError(f"--mount {text!r}: {source} does not exist")
    return Mount(source=source.resolve(), destination=clean, read_only=parts[2:] == ["ro"])


def parse_signal(text: str) -> int:
    """The number of a STOPSIGNAL: `SIGQUIT`, `quit`, `3`, `SIGRTMIN+3`. Raises InvalidInputError."""
    name = text.strip().upper().removeprefix("SIG")
    number = 0
    if name.isascii() and name.isdigit():
        number = int(name[:4])
    elif match := _REAL_TIME.fullmatch(name):
        base = signal.SIGRTMIN if match[1] == "IN" else signal.SIGRTMAX
        number = base + int((match[2] or "+") + (match[3] or "0"))
    elif f"SIG{name}" in signal.Signals.__members__:
        number = signal.Signals[f"SIG{name}"]
    if not 1 <= number <= signal.SIGRTMAX:
        raise InvalidInputError(f"not a stop signal: {text[:40]!r}")
    return number


def _no_nul(text: str, what: str) -> str:
    if "\0" in text:
        raise InvalidInputError(f"{what} holds a NUL byte")
    return text


def _open_files() -> int:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
