"""The pod: containers, security context, volumes and probes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from jettison.harden.emit import terms
from jettison.harden.emit.contents import Contents
from jettison.harden.emit.target import Target
from jettison.harden.emit.yaml import Noted
from jettison.harden.model import (
    Deployment,
    Life,
    Medium,
    Metrics,
    Mounted,
    MountKind,
    Port,
    Probe,
    Storage,
)

_BASELINE: Final = frozenset({
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE",
    "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
})  # fmt: skip
"""What the baseline Pod Security Standard lets a container add; restricted: only NET_BIND_SERVICE."""
_SECCOMP_ANNOTATION: Final = "container.seccomp.security.alpha.kubernetes.io/"
_DOLLARS: Final = re.compile(r"\$+(?=\()|\${2,}")
_HERE: Final = "127.0.0.1"
_MOUNT: Final = "/.jettison-volume"


def pod(deployment: Deployment, contents: Contents, target: Target) -> dict[str, Any]:
    """The pod template."""
    meta: dict[str, Any] = {"labels": terms.labels(deployment)}
    if annotations := _annotations(deployment, target):
        meta["annotations"] = annotations
    return {"metadata": meta, "spec": _spec(deployment, contents, target)}


def standard(deployment: Deployment) -> str:
    """Which Pod Security Standard the pod keeps to, and what keeps it from the next one."""
    settings = deployment.settings
    added = {terms.bare(capability.name) for capability in settings.capabilities}
    if beyond := sorted(added - _BASELINE):
        return f"Pod Security Standard: privileged (baseline does not let it add {', '.join(beyond)})."
    misses = []
    if settings.run_as.root:
        misses.append(f"it runs as root: {settings.run_as.because}")
    if not settings.no_new_privileges.on:
        misses.append(f"it gains privileges: {settings.no_new_privileges.because}")
    if more := sorted(added - {"NET_BIND_SERVICE"}):
        misses.append(f"it adds {', '.join(more)}")
    if misses:
        return f"Pod Security Standard: baseline. What restricted forbids: {'; '.join(misses)}."
    return (
        "Pod Security Standard: restricted (namespace label pod-security.kubernetes.io/enforce: restricted)."
    )


def _annotations(deployment: Deployment, target: Target) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if target.annotated and deployment.settings.seccomp is not None:
        out[_SECCOMP_ANNOTATION + deployment.service.name] = f"localhost/{target.profile}"
    if (metrics := deployment.operations.metrics) is not None:
        out |= _scraping(metrics)
    return out


def _scraping(metrics: Metrics) -> dict[str, Any]:
    return {
        "prometheus.io/scrape": Noted("true", metrics.because),
        "prometheus.io/port": str(metrics.port),
        "prometheus.io/path": metrics.path,
    }


def _spec(deployment: Deployment, contents: Contents, target: Target) -> dict[str, Any]:
    out: dict[str, Any] = {
        "automountServiceAccountToken": Noted(False, "it does not talk to the Kubernetes API"),
        "enableServiceLinks": False,
        "restartPolicy": "Never" if deployment.life.batch else "Always",
    }
    if (grace := terms.grace(deployment.life)) is not None:
        out["terminationGracePeriodSeconds"] = Noted(grace[0], grace[1])
    out["securityContext"] = _pod_security(deployment, target)
    if prepared := _preparing(deployment, contents):
        out["initContainers"] = [each.container for each in prepared.values()]
    missing = [s.path for s in deployment.settings.storage if _needs_preparing(s) and s.path not in prepared]
    note = f"Fill before the first start, as the image has no program for it: {', '.join(missing)}"
    out["containers"] = Noted([_container(deployment, prepared, target)], note if missing else "")
    if volumes := _volumes(deployment, target):
        out["volumes"] = volumes
    return out


def _pod_security(deployment: Deployment, target: Target) -> dict[str, Any]:
    settings, run_as = deployment.settings, deployment.settings.run_as
    out: dict[str, Any] = {
        "runAsNonRoot": Noted(not run_as.root, run_as.because),
        "runAsUser": run_as.uid,
        "runAsGroup": run_as.gid,
    }
    if (settings.storage or deployment.service.mounts) and not run_as.root:
        out["fsGroup"] = Noted(run_as.gid, "volumes belong to this group")
        out["fsGroupChangePolicy"] = "OnRootMismatch"
    if settings.seccomp is not None:
        profile = {"type": "Localhost", "localhostProfile": target.profile}
        out["seccompProfile"] = Noted(profile, settings.seccomp.because)
    else:
        out["seccompProfile"] = {"type": "RuntimeDefault"}
    if low := terms.low_port(deployment):
        sysctl = {"name": "net.ipv4.ip_unprivileged_port_start", "value": str(low.number)}
        out["sysctls"] = [Noted(sysctl, f"the user may listen on {low.number} without a capability")]
    return out


def _container_security(deployment: Deployment) -> dict[str, Any]:
    settings = deployment.settings
    capabilities: dict[str, Any] = {"drop": ["ALL"]}
    if settings.capabilities:
        capabilities["add"] = [Noted(terms.bare(c.name), terms.why(c)) for c in settings.capabilities]
    out: dict[str, Any] = {}
    if "CAP_SYS_ADMIN" not in {
        c.name for c in settings.capabilities
    }:  # the API server refuses false beside it
        on, why = settings.no_new_privileges.on, settings.no_new_privileges.because
        out["allowPrivilegeEscalation"] = Noted(not on, why)
    out["readOnlyRootFilesystem"] = Noted(settings.read_only_root.on, settings.read_only_root.because)
    return out | {"capabilities": capabilities}


def _container(deployment: Deployment, prepared: dict[str, _Prepared], target: Target) -> dict[str, Any]:
    service = deployment.service
    out: dict[str, Any] = {"name": service.name, "image": service.image, "imagePullPolicy": "IfNotPresent"}
    for key, value in (("command", service.entrypoint), ("args", service.command)):
        if value is not None:
            out[key] = [_literal(argument) for argument in value]
    if env := _environment(deployment):
        out["env"] = env
    if ports := terms.served(deployment):
        out["ports"] = [Noted(_port(port, target), port.because) for port in ports]
    out["securityContext"] = _container_security(deployment)
    if resources := _resources(deployment):
        out["resources"] = resources
    if not deployment.life.batch:
        out |= _probes(deployment)
    if mounts := _mounts(deployment, prepared, target):
        out["volumeMounts"] = mounts
    return out


def _port(port: Port, target: Target) -> dict[str, Any]:
    published = {"hostIP": _HERE, "hostPort": port.number} if target.published else {}
    inside = {"name": terms.port_name(port), "containerPort": port.number}
    return inside | published | {"protocol": port.protocol.upper()}


def _environment(deployment: Deployment) -> list[Any]:
    service = deployment.service
    secret = set(service.secret_env)
    out: list[Any] = [
        {"name": name, "value": _literal(value)} for name, value in service.env if name not in secret
    ]
    for name in sorted(secret):
        reference = {"name": terms.secret_name(deployment), "key": terms.secret_key(name)}
        out.append({"name": name, "valueFrom": {"secretKeyRef": reference}})
    return out


def _resources(deployment: Deployment) -> dict[str, Any]:
    settings = deployment.settings
    requests: dict[str, Any] = {}
    if (cpu := settings.cpu_millis) is not None:
        requests["cpu"] = Noted(f"{max(1, cpu.value)}m", cpu.because)
    if (request := settings.memory_request_bytes) is not None:
        requests["memory"] = Noted(terms.size(request.value, "Mi"), request.because)
    out: dict[str, Any] = {"requests": requests} if requests else {}
    if (limit := settings.memory_bytes) is not None:
        out["limits"] = {"memory": Noted(terms.size(limit.value, "Mi"), limit.because)}
    return out


def _probes(deployment: Deployment) -> dict[str, Any]:
    operations, out = deployment.operations, dict[str, Any]()
    first = operations.readiness or operations.liveness
    if first is not None:
        out["startupProbe"] = _started(first, deployment.life)
    if operations.readiness is not None:
        timing = {"periodSeconds": 5, "timeoutSeconds": 5, "failureThreshold": 2}
        out["readinessProbe"] = Noted(_action(operations.readiness) | timing, operations.readiness.because)
    if operations.liveness is not None:
        timing = {"periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 3}
        out["livenessProbe"] = Noted(_action(operations.liveness) | timing, operations.liveness.because)
    return out


def _started(probe: Probe, life: Life) -> dict[str, Any]:
    seconds, why = terms.start_allowance(life)
    period = max(1, seconds // 30)
    return _action(probe) | {
        "periodSeconds": period,
        "timeoutSeconds": 5,
        "failureThreshold": Noted(-(-seconds // period), why),
    }


def _action(probe: Probe) -> dict[str, Any]:
    if probe.kind == "exec":
        return {"exec": {"command": list(probe.command)}}
    if probe.kind == "tcp":
        return {"tcpSocket": {"port": probe.port}}
    return {"httpGet": {"path": probe.path or "/", "port": probe.port, "scheme": probe.kind.upper()}}


def _mounts(deployment: Deployment, prepared: dict[str, _Prepared], target: Target) -> list[Any]:
    names, out = terms.claim_names(deployment), list[Any]()
    for storage in deployment.settings.storage:
        ready = prepared.get(storage.path)
        mount = ready.mount if ready else {"name": names[storage.path], "mountPath": storage.path}
        out.append(Noted(mount, terms.what(storage)))
    out += [Noted(_shown(deployment, each, target), terms.held(each)) for each in _placed(deployment, target)]
    if _wants_shm(deployment):
        out.append({"name": "dev-shm", "mountPath": "/dev/shm"})  # noqa: S108  # a path in the container
    return out


def _placed(deployment: Deployment, target: Target) -> list[Mounted]:
    """The user's mounts that a pod can have: a socket or device of a host belongs to that host."""
    return [m for m in deployment.service.mounts if target.hosted or m.kind is not MountKind.SPECIAL]


def _shown(deployment: Deployment, mount: Mounted, target: Target) -> dict[str, Any]:
    name = terms.claim_names(deployment)[mount.path]
    out: dict[str, Any] = {"name": name, "mountPath": mount.path}
    if mount.kind is MountKind.FILE and not target.hosted:
        return out | {"name": "files", "subPath": name, "readOnly": True}
    return out | {"readOnly": True} if mount.read_only else out


def _given(deployment: Deployment, target: Target) -> list[Any]:
    """The volumes of the user's mounts."""
    names, placed = terms.claim_names(deployment), _placed(deployment, target)
    if target.hosted:
        types = {MountKind.FOLDER: {"type": "Directory"}, MountKind.FILE: {"type": "File"}}
        return [
            {"name": names[m.path], "hostPath": {"path": m.source} | types.get(m.kind, {})} for m in placed
        ]
    out = [_claimed(names[mount.path]) for mount in placed if mount.kind is MountKind.FOLDER]
    if any(mount.kind is MountKind.FILE for mount in placed):
        out.append({"name": "files", "configMap": {"name": terms.files_name(deployment)}})
    return out


def _volumes(deployment: Deployment, target: Target) -> list[Any]:
    names = terms.claim_names(deployment)
    out: list[Any] = [_volume(s, names[s.path]) for s in deployment.settings.storage]
    out += _given(deployment, target)
    if _wants_shm(deployment):
        shm = deployment.settings.shm_bytes
        volume = {"medium": "Memory", "sizeLimit": terms.size(shm.value, "Mi")}
        out.append({"name": "dev-shm", "emptyDir": Noted(volume, shm.because)})
    return out


def _volume(storage: Storage, name: str) -> dict[str, Any]:
    if terms.lasting(storage):
        return _claimed(name)
    medium = {"medium": "Memory"} if storage.medium is Medium.TMPFS else {}
    return {"name": name, "emptyDir": medium | {"sizeLimit": terms.size(storage.size_bytes, "Mi")}}


def _claimed(name: str) -> dict[str, Any]:
    return {"name": name, "persistentVolumeClaim": {"claimName": name}}


def _wants_shm(deployment: Deployment) -> bool:
    taken = {storage.path for storage in deployment.settings.storage}
    return deployment.settings.shm_bytes.value > terms.SHM_BYTES and "/dev/shm" not in taken  # noqa: S108


def _needs_preparing(storage: Storage) -> bool:
    """Whether an empty volume will not do: it has to hold something, or to be the user's alone (a volume's
    own folder belongs to root)."""
    return storage.seeded or not storage.mode & 0o077


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A volume that gets a folder before the application starts."""

    container: dict[str, Any]
    """Makes the folder, as the user of the application."""
    mount: dict[str, Any]
    """Shows that folder to the application."""


def _preparing(deployment: Deployment, contents: Contents) -> dict[str, _Prepared]:
    """Path → how the folder is made that the application then finds there."""
    names = terms.claim_names(deployment)
    copy, make = contents.program("cp"), contents.program("mkdir")
    out: dict[str, _Prepared] = {}
    for storage in filter(_needs_preparing, deployment.settings.storage):
        last = storage.path.rpartition("/")[2]
        inside = f"{_MOUNT}/{last}"
        if storage.seeded and copy:  # -n: what is in the volume already stays
            command = [copy, "-Rn", f"{storage.path.rstrip('/')}/.", inside]
        elif not storage.seeded and make:
            command = [make, "-p", "-m", f"{storage.mode:04o}", inside]
        else:
            continue
        volume = names[storage.path]
        mount = {"name": volume, "mountPath": storage.path, "subPath": last}
        out[storage.path] = _Prepared(_prepare(deployment, volume, command), mount)
    return out


def _prepare(deployment: Deployment, volume: str, command: list[str]) -> dict[str, Any]:
    out: dict[str, Any] = {
        "name": f"prepare-{volume}"[:63].rstrip("-"),
        "image": deployment.service.image,
        "imagePullPolicy": "IfNotPresent",
        "command": [_literal(argument) for argument in command],
        "securityContext": _container_security(deployment),
    }
    if resources := _resources(deployment):
        out["resources"] = resources
    return out | {"volumeMounts": [{"name": volume, "mountPath": _MOUNT}]}


def _literal(text: str) -> str:
    """Kubernetes replaces `$(NAME)` in arguments and values; `$$` stands for one `$`."""
    return _DOLLARS.sub(lambda found: found[0] * 2, text)
