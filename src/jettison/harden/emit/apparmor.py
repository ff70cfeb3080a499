"""The AppArmor profile, after apparmor.d(5): what the evidence shows, and nothing else.

AppArmor knows files by their real paths, so links are resolved first. What was read is generalised to the
folder of a package or of the application (`_DEPTHS`); what was executed is named; what was written follows
from the storage of a read-only root file system. /proc, /sys and devices are not in the evidence: reading
there is allowed apart from what engines mask, writing is not.
"""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from jettison.harden.emit import terms
from jettison.harden.emit.contents import Contents
from jettison.harden.model import Deployment, MountKind
from jettison.layers.path import decode_path
from jettison.observe.evidence import Evidence, Operation

_DEPTHS: Final = {
    "bin": 2,
    "sbin": 2,
    "etc": 2,
    "home": 2,
    "media": 2,
    "mnt": 2,
    "opt": 2,
    "run": 2,
    "srv": 2,
    "usr": 3,
    "usr/local": 4,
    "var": 3,
}
"""Folder → how many components of a path below it name a package: `/etc/nginx/**`, `/usr/lib/php/**`.
Elsewhere one: `/app/**`."""
_SYSTEM: Final = frozenset({
    "/", "/bin", "/boot", "/etc", "/lib", "/lib64", "/root", "/sbin", "/usr", "/usr/bin", "/usr/lib",
    "/usr/sbin", "/var",
})  # fmt: skip
"""Folders that never become writable as a whole."""
_BASE: Final = """\
  # Devices that every container has, and what the engine mounts.
  /dev/{null,zero,full,random,urandom,tty,ptmx} rw,
  /dev/pts/* rw,
  /dev/shm/{,**} rwlk,
  /dev/{,fd/,stdin,stdout,stderr} r,
  /etc/{hosts,hostname,resolv.conf} r,

  # The kernel's files: no evidence, so only reading, without what engines hide.
  @{PROC}/{,**} r,
  owner @{PROC}/[0-9]*/{,task/[0-9]*/}{comm,oom_score_adj} w,
  /sys/{,**} r,
  deny @{PROC}/{acpi,asound,scsi}/{,**} rwlk,
  deny @{PROC}/{kcore,keys,latency_stats,mem,sched_debug,sysrq-trigger,timer_list,timer_stats} rwlk,
  deny @{PROC}/{bus,fs,irq,sys}/** wlk,
  deny /sys/{firmware,kernel/security,devices/virtual/powercap}/{,**} rwlk,
  deny /sys/** wlk,

  # Its own processes, and signals of the engine.
  signal (send, receive) peer=@{profile_name},
  signal (receive) peer=unconfined,
  signal (receive) peer={runc,crun,podman,docker,containerd},
  ptrace (read, readby) peer=@{profile_name},
"""
_FAMILIES: Final = {2: "inet", 10: "inet6", 16: "netlink", 17: "packet", 40: "vsock"}
"""AF_* of <linux/socket.h> that a `network` rule can name; unix sockets have rules of their own."""
_PLAIN: Final = frozenset(string.ascii_letters + string.digits + "/._-+:%~")
_TYPES: Final = {"tcp": "stream", "stream": "stream", "udp": "dgram", "dgram": "dgram"}


def apparmor(deployment: Deployment, evidence: Evidence, contents: Contents) -> str:
    """The profile; load it with `apparmor_parser -r`."""
    name = terms.profile_name(deployment)
    parts = [
        "abi <abi/3.0>,\ninclude <tunables/global>\n",
        f"profile {name} flags=(attach_disconnected,mediate_deleted) {{\n",
        _BASE,
        *_part("Capabilities that stay when all others are dropped.", _capabilities(deployment)),
        *_part("Sockets that were seen.", _network(deployment, evidence)),
        *_part("Programs that ran.", _executed(evidence, contents)),
        *_part("Files that were read, with how many of them.", _read(deployment, evidence, contents)),
        *_part("Writable storage.", _written(deployment, evidence, contents)),
    ]
    return "".join(parts) + "}\n"


def _part(title: str, rules: Iterable[str]) -> list[str]:
    lines = list(rules)
    return [f"\n  # {title}\n", *(f"  {line}\n" for line in lines)] if lines else []


def _capabilities(deployment: Deployment) -> Iterator[str]:
    for capability in sorted(deployment.settings.capabilities, key=lambda each: each.name):
        yield f"capability {terms.bare(capability.name).lower()},  # {_remark(terms.why(capability))}"
    names = {capability.name for capability in deployment.settings.capabilities}
    if "CAP_SYS_PTRACE" in names:
        yield "ptrace peer=@{profile_name},"
    if "CAP_SYS_ADMIN" in names:
        yield from ("mount,", "umount,", "pivot_root,")
    else:
        yield from ("deny mount,", "deny umount,", "deny pivot_root,")


def _network(deployment: Deployment, evidence: Evidence) -> Iterator[str]:
    seen = {(s.family, _TYPES.get(s.protocol, "")) for s in evidence.sockets if s.family != "unix"}
    families: set[str] = {family for family, _ in seen}
    if (seccomp := deployment.settings.seccomp) is not None:
        families |= {_FAMILIES[number] for number in seccomp.families or () if number in _FAMILIES}
    for family in sorted(families):
        if family not in ("inet", "inet6"):
            yield f"network {family},"
            continue
        types: set[str] = {kind for other, kind in seen if other == family} - {""} or {"stream", "dgram"}
        if deployment.service.outgoing:
            types.add("dgram")  # names are resolved over UDP
        yield from (f"network {family} {kind}," for kind in sorted(types))
    yield "unix,"


def _programs(evidence: Evidence) -> set[str]:
    """Everything that ran: what was asked for, and interpreters, which only the running processes name."""
    named = {each.path for each in evidence.execs}
    sockets = {socket.executable for socket in evidence.sockets}
    reading, writing = evidence.paths.values(), evidence.writes.values()
    found = named.union(sockets, *(a.by for a in reading), *(w.by for w in writing))
    return {path for path in found if path.startswith("/") and not path.startswith("/memfd:")}


def _executed(evidence: Evidence, contents: Contents) -> Iterator[str]:
    for path in sorted({contents.real(path) for path in _programs(evidence)}):
        yield f"{_pattern(path)} mrix,"


def _read(deployment: Deployment, evidence: Evidence, contents: Contents) -> Iterator[str]:
    folders: Counter[str] = Counter()
    mapped, single = set(), set()
    looked = {Operation.OPEN, Operation.LIST, Operation.EXEC}
    for asked, access in evidence.paths.items():
        if not looked & access.operations:
            continue
        path = contents.real(asked)
        folder = _package(path)
        if not folder:
            single.add(path.rstrip("/") + "/" if Operation.LIST in access.operations else path)
            continue
        folders[folder] += 1
        if _is_library(path) or Operation.EXEC in access.operations:
            mapped.add(folder)
    single -= {contents.real(program) for program in _programs(evidence)}
    single -= {f"{folder}/" for folder in (*folders, *(s.path for s in deployment.settings.storage))}
    rules = {f"{_pattern(path)} {'mr' if _is_library(path) else 'r'}," for path in single}
    for folder, count in folders.items():
        rules.add(f"{_pattern(folder)}/{{,**}} {'mr' if folder in mapped else 'r'},  # {count}")
    yield from sorted(rules)


def _package(path: str) -> str:
    """The folder that `path` is generalised to; empty if it is named itself."""
    parts = path.strip("/").split("/")
    depth = _DEPTHS.get("/".join(parts[:2])) or _DEPTHS.get(parts[0], 1)
    return "/" + "/".join(parts[:depth]) if len(parts) > depth else ""


def _is_library(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.endswith((".so", ".node")) or ".so." in name


def _written(deployment: Deployment, evidence: Evidence, contents: Contents) -> Iterator[str]:
    rules = set()
    for storage in deployment.settings.storage:
        run = "mix" if terms.executed(storage, evidence) else ""
        rules.add(f"{_pattern(contents.real(storage.path).rstrip('/'))}/{{,**}} rwlk{run},  # {storage.kind}")
    for mount in deployment.service.mounts:
        below = "/{,**}" if mount.kind is MountKind.FOLDER else ""
        rules.add(
            f"{_pattern(mount.path.rstrip('/'))}{below} {'r' if mount.read_only else 'rwlk'},  # mounted"
        )
    if not deployment.settings.read_only_root.on:
        for path in map(contents.real, evidence.writes):
            folder = path.rpartition("/")[0] or "/"
            inside = _pattern(path) if folder in _SYSTEM else f"{_pattern(folder)}/{{,**}}"
            rules.add(f"{inside} rwlk,")
    sockets = {s.address for s in evidence.sockets if s.family == "unix" and s.address.startswith("/")}
    rules |= {f"{_pattern(contents.real(address))} rw," for address in sockets}
    yield from sorted(rules)


def _pattern(path: str) -> str:
    """`path` (text form) as a pattern that matches it; each byte that could mean something else in a profile
    becomes `?`, which matches any but `/`."""
    return "".join(chr(byte) if chr(byte) in _PLAIN else "?" for byte in decode_path(path))


def _remark(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
