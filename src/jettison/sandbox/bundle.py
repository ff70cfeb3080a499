"""The OCI bundle of a run: config.json, and the files that every container gets from its engine.

Mounts, masked paths and device rules are Docker's defaults (moby, `oci/defaults.go`), so that an application
sees here what it sees in production.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from jettison.linux.namespaces import has_one_id, in_user_namespace
from jettison.linux.openat2 import open_in_root
from jettison.sandbox.cgroup import Layout, layout
from jettison.sandbox.confinement import default_section
from jettison.sandbox.network import NetworkKind
from jettison.sandbox.spec import RunSpec, Tmpfs
from jettison.sandbox.users import User

_FILE_BYTES: Final = 64 * 1024
"""How much of a host's resolv.conf or hosts is taken over."""
_MASKED: Final = (
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
)
_READ_ONLY: Final = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
_SAFE: Final = ("nosuid", "noexec", "nodev")
_HOSTS: Final = """\
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
ff00::0\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
127.0.0.1\t{hostname}
"""


def write_bundle(
    folder: Path, spec: RunSpec, *, root: Path, name: str, sources: Mapping[str, Path], cgroups: bool
) -> None:
    """Write `folder`/config.json and the files it mounts; `sources` says where each mount's content lies."""
    files = _engine_files(folder, spec)
    config = {
        "ociVersion": "1.0.2",
        "hostname": spec.hostname,
        "root": {"path": os.fspath(root), "readonly": spec.read_only_root},
        "process": process(spec),
        "mounts": [*_system_mounts(spec, cgroups=cgroups), *files, *_own_mounts(spec, sources)],
        "linux": _linux(spec, name, cgroups=cgroups),
    }
    (folder / "config.json").write_bytes(msgspec.json.encode(config))


def process(
    spec: RunSpec,
    *,
    argv: tuple[str, ...] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    user: User | None = None,
) -> dict[str, Any]:
    """The `process` section, of the main process or of a further one, whose `env` is added to the main
    one's."""
    who = spec.user if user is None else user
    capabilities = list(spec.capabilities)
    granted = {"bounding": capabilities}
    if who.uid == 0:  # for others execve clears them, as engines state it
        granted |= {"effective": capabilities, "permitted": capabilities}
    groups = [] if has_one_id() else [who.gid, *who.groups]
    return {
        "terminal": False,
        "args": list(spec.argv if argv is None else argv),
        "env": [f"{key}={value}" for key, value in {"HOME": who.home, **spec.env, **(env or {})}.items()],
        "cwd": spec.cwd if cwd is None else cwd,
        "user": {"uid": who.uid, "gid": who.gid, "additionalGids": groups},
        "capabilities": granted,
        "noNewPrivileges": spec.no_new_privileges,
        "rlimits": [{"type": kind, "soft": value, "hard": value} for kind, value in _rlimits(spec)],
    }


def _rlimits(spec: RunSpec) -> Iterator[tuple[str, int]]:
    yield "RLIMIT_NOFILE", spec.open_files
    yield "RLIMIT_CORE", 0
    if spec.processes_of_user is not None:
        yield "RLIMIT_NPROC", spec.processes_of_user


def _linux(spec: RunSpec, name: str, *, cgroups: bool) -> dict[str, Any]:
    namespaces = [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")]
    section: dict[str, Any] = {"namespaces": namespaces, "maskedPaths": _MASKED, "readonlyPaths": _READ_ONLY}
    if spec.network.kind is NetworkKind.NONE:
        namespaces.append({"type": "network"})
        section["sysctl"] = {"net.ipv4.ip_unprivileged_port_start": "0"}
        if not in_user_namespace():  # which does not have all these groups
            section["sysctl"]["net.ipv4.ping_group_range"] = "0 2147483647"
    elif spec.network.kind is NetworkKind.PATH:
        namespaces.append({"type": "network", "path": spec.network.path})
    if cgroups:
        section |= {"cgroupsPath": f"/{name}", "resources": _resources(spec)}
        if layout() is Layout.V2:
            namespaces.append({"type": "cgroup"})
    seccomp = default_section() if spec.seccomp is None else spec.seccomp
    if seccomp is not None:
        section["seccomp"] = seccomp
    return section


def _resources(spec: RunSpec) -> dict[str, Any]:
    resources: dict[str, Any] = {
        "devices": [{"allow": False, "access": "rwm"}],
        "pids": {"limit": spec.pids},
    }
    if spec.memory_bytes is not None:
        resources["memory"] = {"limit": spec.memory_bytes, "swap": spec.memory_bytes}
    return resources


def _system_mounts(spec: RunSpec, *, cgroups: bool) -> list[dict[str, Any]]:
    tty = () if has_one_id() else ("gid=5",)
    mounts = [
        _mount("proc", "/proc", *_SAFE),
        _mount("tmpfs", "/dev", "nosuid", "strictatime", "mode=755", "size=65536k"),
        _mount("devpts", "/dev/pts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", *tty),
        _mount("tmpfs", "/dev/shm", *_SAFE, "mode=1777", f"size={spec.shm_bytes}"),  # noqa: S108
        _mount("mqueue", "/dev/mqueue", *_SAFE),
    ]
    if spec.network.kind is not NetworkKind.NONE and in_user_namespace():
        # sysfs shows a network namespace, and only who owns that may mount it
        mounts.append({**_mount("bind", "/sys", "bind", *_SAFE, "ro"), "source": "/sys"})
    else:
        mounts.append(_mount("sysfs", "/sys", *_SAFE, "ro"))
    if cgroups:
        mounts.append(_mount("cgroup", "/sys/fs/cgroup", *_SAFE, "ro"))
    return mounts


def _mount(kind: str, destination: str, *options: str) -> dict[str, Any]:
    return {"type": kind, "source": kind, "destination": destination, "options": list(options)}


def _own_mounts(spec: RunSpec, sources: Mapping[str, Path]) -> list[dict[str, Any]]:
    """What the user and the settings mount, outer folders before what is mounted inside them."""
    mounts = [
        *(_bind(sources[m.destination], m.destination, read_only=m.read_only) for m in spec.mounts),
        *(_bind(volume.source, volume.destination) for volume in spec.volumes),
        *(_tmpfs(tmpfs) for tmpfs in spec.tmpfs),
    ]
    return sorted(mounts, key=lambda mount: str(mount["destination"]).count("/"))


def _tmpfs(tmpfs: Tmpfs) -> dict[str, Any]:
    owner = (f"uid={tmpfs.uid}", f"gid={tmpfs.gid}")
    room = (f"mode={tmpfs.mode:o}", f"size={tmpfs.size_bytes}")
    return _mount("tmpfs", tmpfs.destination, "nosuid", "nodev", *owner, *room)


def _bind(source: Path, destination: str, *, read_only: bool = False) -> dict[str, Any]:
    options = ["bind", "rprivate", "ro" if read_only else "rw"]  # not rbind: ro would not reach mounts inside
    return {"type": "bind", "source": os.fspath(source), "destination": destination, "options": options}


def _engine_files(folder: Path, spec: RunSpec) -> list[dict[str, Any]]:
    """resolv.conf, hosts and hostname, writable as Docker's are; the container may change them and nobody
    else sees it."""
    contents = {
        "resolv.conf": _taken_over("/etc/resolv.conf", spec),
        "hosts": _taken_over("/etc/hosts", spec)
        if spec.network.kind is not NetworkKind.NONE
        else _HOSTS.format(hostname=spec.hostname).encode(),
        "hostname": f"{spec.hostname}\n".encode(),
    }
    covered = {mount.destination for mount in spec.mounts}
    mounts = []
    for name, content in contents.items():
        path = folder / name
        path.write_bytes(content)
        path.chmod(0o644)
        if f"/etc/{name}" not in covered:
            mounts.append(_bind(path, f"/etc/{name}"))
    return mounts


def _taken_over(path: str, spec: RunSpec) -> bytes:
    """The file of whoever owns the network: the host, or the container that is joined (through whose root no
    link leads out)."""
    root = "/"
    if spec.network.kind is NetworkKind.PATH and spec.network.path.startswith("/proc/"):
        root = f"{spec.network.path.removesuffix('/ns/net')}/root"
    try:
        folder = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        fd = open_in_root(folder, os.fsencode(path.lstrip("/")), os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return b""
    finally:
        os.close(folder)
    with os.fdopen(fd, "rb") as file:
        return file.read(_FILE_BYTES)
