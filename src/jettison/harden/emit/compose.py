"""`compose.yaml`, after the Compose Specification; also within what docker-compose 1.29 accepts."""

from __future__ import annotations

import re
from typing import Any, Final

from jettison.harden.emit import terms
from jettison.harden.emit.contents import Contents
from jettison.harden.emit.yaml import Noted, document
from jettison.harden.model import Deployment, Medium, Mounted, Probe, Storage
from jettison.observe.evidence import Evidence

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEAD: Final = """Run it in this folder: docker compose up
Each value says where it comes from."""


def compose(deployment: Deployment, evidence: Evidence, contents: Contents) -> str:
    """The file for `deployment`."""
    name, names = deployment.service.name, terms.volume_names(deployment)
    volumes: dict[str, Any] = {names[s.path]: {} for s in deployment.settings.storage if _is_volume(s)}
    services = {name: _service(deployment, evidence, contents)}
    if owner := _owner(deployment, contents):
        services[name]["depends_on"] = {f"{name}-volumes": {"condition": "service_completed_successfully"}}
        services[f"{name}-volumes"] = owner
    content: dict[str, Any] = {"services": services}
    if volumes:
        content["volumes"] = volumes
    if not terms.isolated(deployment):
        content["networks"] = {name: {}}
    return document(content, head=_HEAD)


def _service(deployment: Deployment, evidence: Evidence, contents: Contents) -> dict[str, Any]:
    return {
        "image": _literal(deployment.service.image),
        **_process(deployment),
        **_security(deployment),
        **_storage(deployment, evidence, contents),
        **_resources(deployment),
        **_network(deployment),
        **_life(deployment),
        **_health(deployment),
        "logging": Noted(
            {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}},
            "bounded, or logs fill the disk" + _because(deployment.operations.logs),
        ),
    }


def _process(deployment: Deployment) -> dict[str, Any]:
    service, out = deployment.service, dict[str, Any]()
    for key, value in (("entrypoint", service.entrypoint), ("command", service.command)):
        if value is not None:
            out[key] = [_literal(argument) for argument in value]
    secret = set(service.secret_env)
    variables = [_literal(f"{name}={value}") for name, value in service.env if name not in secret]
    references = [_secret(name) for name in sorted(secret)]
    if variables or references:
        out["environment"] = [*variables, *references]
    run_as = deployment.settings.run_as
    out["user"] = Noted(f"{run_as.uid}:{run_as.gid}", run_as.because)
    return out


def _secret(name: str) -> Any:
    if not _VARIABLE.fullmatch(name):
        return Noted(_literal(name), "a secret: its value is taken from the caller's environment")
    return Noted(f"{name}=${{{name}:?set it in .env}}", "a secret: its value belongs in .env, not here")


def _security(deployment: Deployment) -> dict[str, Any]:
    settings = deployment.settings
    out: dict[str, Any] = {"read_only": Noted(settings.read_only_root.on, settings.read_only_root.because)}
    out["cap_drop"] = ["ALL"]
    if settings.capabilities:
        out["cap_add"] = [Noted(terms.bare(c.name), terms.why(c)) for c in settings.capabilities]
    options = [
        Noted(
            f"no-new-privileges:{str(settings.no_new_privileges.on).lower()}",
            settings.no_new_privileges.because,
        )
    ]
    if settings.seccomp is not None:
        options.append(Noted("seccomp:./seccomp.json", settings.seccomp.because))
    out["security_opt"] = options
    return out


def _storage(deployment: Deployment, evidence: Evidence, contents: Contents) -> dict[str, Any]:
    names, out = terms.volume_names(deployment), dict[str, Any]()
    tmpfs, mounts = [], []
    for storage in deployment.settings.storage:
        note = terms.what(storage)
        if _is_volume(storage):
            mount: dict[str, Any] = {
                "type": "volume",
                "source": names[storage.path],
                "target": _literal(storage.path),
            }
            mounts.append(Noted(mount, note + _volume_remark(storage, contents)))
        elif ":" in storage.path:
            # The short form ends the path at a colon; the long form has no owner, but mode 1777.
            mount = {"type": "tmpfs", "target": _literal(storage.path), "tmpfs": {"size": storage.size_bytes}}
            mounts.append(Noted(mount, note))
        else:
            tmpfs.append(Noted(_tmpfs(storage, terms.executed(storage, evidence)), note))
    mounts += [Noted(_bind(each), terms.held(each)) for each in deployment.service.mounts]
    if tmpfs:
        out["tmpfs"] = tmpfs
    if mounts:
        out["volumes"] = mounts
    return out


def _bind(mount: Mounted) -> dict[str, Any]:
    out: dict[str, Any] = {
        "type": "bind",
        "source": _literal(mount.source),
        "target": _literal(mount.path),
    }
    return out | {"read_only": True} if mount.read_only else out


def _tmpfs(storage: Storage, executable: bool) -> str:
    options = f"size={storage.size_bytes},uid={storage.uid},gid={storage.gid},mode={storage.mode:04o}" + (
        ",exec" if executable else ""
    )
    return f"{_literal(storage.path)}:{options}"


def _is_volume(storage: Storage) -> bool:
    """A tmpfs of Docker starts empty; a new volume starts as a copy of what the image has there."""
    return storage.medium is Medium.VOLUME or storage.seeded


def _volume_remark(storage: Storage, contents: Contents) -> str:
    remark = ""
    if storage.medium is not Medium.VOLUME:
        remark += "\nDocker cannot fill a tmpfs from the image: remove this volume when the image is renewed."
    if not contents.owned(storage) and not contents.program("chown"):
        remark += f"\nIt starts with another owner: give it to {storage.uid}:{storage.gid} first."
    return remark


def _owner(deployment: Deployment, contents: Contents) -> dict[str, Any]:
    """A service that gives new volumes to the user, for they begin with the owner of the image's folder."""
    names, chown = terms.volume_names(deployment), contents.program("chown")
    wrong = [s for s in deployment.settings.storage if _is_volume(s) and not contents.owned(s)]
    if not wrong or not chown:
        return {}
    targets = [_literal(s.path) for s in wrong]
    return {
        "image": _literal(deployment.service.image),
        "entrypoint": [chown, "-R", f"{wrong[0].uid}:{wrong[0].gid}", *targets],
        "command": [],
        "user": Noted("0:0", "the image's folder belongs to another user"),
        "network_mode": "none",
        "cap_drop": ["ALL"],
        "cap_add": ["CHOWN", "DAC_READ_SEARCH"],
        "read_only": True,
        "restart": "no",
        "volumes": [
            {"type": "volume", "source": names[s.path], "target": target}
            for s, target in zip(wrong, targets, strict=True)
        ],
    }


def _resources(deployment: Deployment) -> dict[str, Any]:
    settings, out = deployment.settings, dict[str, Any]()
    if (limit := settings.memory_bytes) is not None:
        out["mem_limit"] = Noted(terms.size(limit.value, "m"), limit.because)
        out["memswap_limit"] = Noted(terms.size(limit.value, "m"), "no swap beyond that")
    if (request := settings.memory_request_bytes) is not None:
        out["mem_reservation"] = Noted(terms.size(request.value, "m"), request.because)
    if (cpu := settings.cpu_millis) is not None:
        out["cpu_shares"] = Noted(terms.cpu_shares(cpu.value), cpu.because)
    files = {"soft": settings.open_files.value, "hard": settings.open_files.value}
    return out | {
        "pids_limit": Noted(settings.pids.value, settings.pids.because),
        "ulimits": {"nofile": Noted(files, settings.open_files.because)},
        "shm_size": Noted(terms.size(settings.shm_bytes.value, "m"), settings.shm_bytes.because),
    }


def _network(deployment: Deployment) -> dict[str, Any]:
    if terms.isolated(deployment):
        return {"network_mode": Noted("none", "it neither serves nor connects to anything")}
    out: dict[str, Any] = {"networks": [deployment.service.name]}
    if ports := terms.served(deployment):
        out["ports"] = [Noted(f"127.0.0.1:{p.number}:{p.number}/{p.protocol}", p.because) for p in ports]
    if low := terms.low_port(deployment):
        note = f"the user may listen on {low.number} without a capability"
        out["sysctls"] = {"net.ipv4.ip_unprivileged_port_start": Noted(str(low.number), note)}
    return out


def _life(deployment: Deployment) -> dict[str, Any]:
    life, out = deployment.life, dict[str, Any]()
    out["restart"] = "no" if life.batch else "unless-stopped"
    if life.zombies_left:
        out["init"] = Noted(True, terms.zombies(life))
    out["stop_signal"] = _literal(life.stop_signal)
    if (grace := terms.grace(life)) is not None:
        out["stop_grace_period"] = Noted(f"{grace[0]}s", grace[1])
    return out


def _health(deployment: Deployment) -> dict[str, Any]:
    probe = deployment.operations.healthcheck
    if probe is None or probe.kind != "exec" or deployment.life.batch:
        return {}
    return {"healthcheck": Noted(_check(probe, deployment), probe.because)}


def _check(probe: Probe, deployment: Deployment) -> dict[str, Any]:
    seconds, why = terms.start_allowance(deployment.life)
    return {
        "test": ["CMD", *map(_literal, probe.command)],
        "interval": "10s",
        "timeout": "5s",
        "retries": 3,
        "start_period": Noted(f"{seconds}s", why),
    }


def _because(item: Any) -> str:
    return f"; {item.because}" if item is not None else ""


def _literal(text: str) -> str:
    """Compose would take `$` for a variable."""
    return text.replace("$", "$$")
