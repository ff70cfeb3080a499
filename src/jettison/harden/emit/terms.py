"""What several of the emitted files say in the same way: sizes, times, ports, names."""

from __future__ import annotations

import math
from typing import Final

from jettison.harden.model import Capability, Deployment, Life, Medium, Mounted, Port, Storage, StorageKind
from jettison.observe.evidence import Evidence

MIB: Final = 1 << 20
SHM_BYTES: Final = 64 * MIB
"""What engines give /dev/shm by themselves."""
PRIVILEGED_PORTS: Final = 1024
_MAX_LABEL: Final = 63
"""Characters of a label of RFC 1123."""
_LASTING: Final = frozenset({StorageKind.DATA, StorageKind.CONFIGURATION})


def size(value: int, unit: str) -> str:
    """`value` bytes in whole MiB with `unit` behind, or in bytes if it is not whole."""
    return f"{value // MIB}{unit}" if value and value % MIB == 0 else str(value)


def served(deployment: Deployment) -> list[Port]:
    """The ports that can be reached from outside, sorted, one per number and protocol."""
    ports = {(p.number, p.protocol): p for p in sorted(deployment.service.ports) if not p.loopback}
    return [ports[key] for key in sorted(ports)]


def low_port(deployment: Deployment) -> Port | None:
    """The lowest port that takes CAP_NET_BIND_SERVICE, which root has where it was kept, and an ordinary user
    never."""
    low = [port for port in deployment.service.ports if port.number < PRIVILEGED_PORTS]
    may = any(each.name == "CAP_NET_BIND_SERVICE" for each in deployment.settings.capabilities)
    return min(low) if low and not (may and deployment.settings.run_as.root) else None


def grace(life: Life) -> tuple[int, str] | None:
    """Seconds between the stop signal and SIGKILL, with the reason; None where stopping was not tried."""
    if life.stop_seconds is None:
        return None
    if life.killed:
        return 2, f"it does not end on {life.stop_signal}: waiting longer gains nothing"
    seconds = max(3, math.ceil(2 * life.stop_seconds) + 1)
    return seconds, f"ended {life.stop_seconds:.2f} s after {life.stop_signal}; twice that and a second"


def start_allowance(life: Life) -> tuple[int, str]:
    """Seconds that a start may take before it counts as failed, with the reason."""
    if life.start_seconds is None:
        return 60, "its start was not measured"
    seconds = math.ceil(5 * life.start_seconds) + 10
    return seconds, f"ready after {life.start_seconds:.2f} s; five times that and 10 s"


def lasting(storage: Storage) -> bool:
    """Whether its content must survive the container."""
    return storage.medium is Medium.VOLUME and storage.kind in _LASTING


def executed(storage: Storage, evidence: Evidence) -> bool:
    """Whether programs or libraries are run from there, so that it must not be mounted noexec."""
    below = storage.path.rstrip("/") + "/"
    libraries = (path for path in evidence.writes if path.endswith((".so", ".node")) or ".so." in path)
    return any(path.startswith(below) for path in (*(e.path for e in evidence.execs), *libraries))


def bare(capability: str) -> str:
    """Engines and Kubernetes leave `CAP_` out."""
    return capability.removeprefix("CAP_")


def volume_names(deployment: Deployment) -> dict[str, str]:
    """Path of each storage and mount → a name that no other has."""
    names: dict[str, str] = {}
    placed: tuple[Storage | Mounted, ...] = (*deployment.settings.storage, *deployment.service.mounts)
    for each in placed:
        name, number = each.name, 2
        while name in names.values():
            name, number = f"{each.name[:46].rstrip('-')}-{number}", number + 1
        names[each.path] = name
    return names


def why(capability: Capability) -> str:
    """The evidence of a capability, and how to do without it."""
    parts = [capability.because, "only at the start" if capability.start_only else "", capability.remedy]
    return "; ".join(filter(None, parts))


def what(storage: Storage) -> str:
    """What a storage is for."""
    return f"{storage.kind}: {storage.because}"


def held(mount: Mounted) -> str:
    """What was mounted there."""
    return f"mounted when it was observed: {mount.source}"


def labels(deployment: Deployment) -> dict[str, str]:
    """What selects the pods."""
    return {"app.kubernetes.io/name": deployment.service.name}


def port_name(port: Port) -> str:
    """An IANA service name (RFC 6335, 5.1): at most 15 characters, with a letter."""
    return f"{port.protocol}-{port.number}"


def service_name(deployment: Deployment) -> str:
    """A label of RFC 1035, which begins with a letter."""
    name = deployment.service.name
    return name if name[:1].isalpha() else f"s-{name}"[:63].rstrip("-")


def claim_names(deployment: Deployment) -> dict[str, str]:
    """Path of each storage and mount → the name of its volume or claim, which no other application has:
    Podman keeps the volumes of all pods in one place."""
    names = volume_names(deployment)
    longest = max(map(len, names.values()), default=0)
    prefix = deployment.service.name[: _MAX_LABEL - 1 - longest].rstrip("-")
    return {path: f"{prefix}-{name}" for path, name in names.items()}


def files_name(deployment: Deployment) -> str:
    """The ConfigMap that holds the files that were mounted one by one."""
    return f"{deployment.service.name[: _MAX_LABEL - len('-files')].rstrip('-')}-files"


def secret_name(deployment: Deployment) -> str:
    """The Secret that holds the values of secret variables."""
    return f"{deployment.service.name}-secrets"


def secret_key(variable: str) -> str:
    """A key of a Secret or ConfigMap: letters, digits, `-`, `_` and `.`; unique for usual variable names."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in variable)[:253] or "_"


def seccomp_file(deployment: Deployment) -> str:
    """Where seccomp.json is expected, relative to the kubelet's folder of profiles."""
    return f"jettison/{deployment.service.name}.json"


def profile_name(deployment: Deployment) -> str:
    """The AppArmor profile."""
    return f"jettison-{deployment.service.name}"


def isolated(deployment: Deployment) -> bool:
    """Whether it can do without any network."""
    return not served(deployment) and not deployment.service.outgoing


def cpu_shares(millis: int) -> int:
    """The weight that Kubernetes gives a request of so many thousandths of a CPU."""
    return max(2, millis * 1024 // 1000)


def zombies(life: Life) -> str:
    """Why an init process is needed."""
    return f"{life.zombies_left} of {life.zombies_made} children that had ended stayed as zombies"
