"""Units for Podman under systemd (podman-systemd.unit(5), Podman 4.7 and newer): a `.container` file and one
`.volume` file per volume.

What has a key in newer versions only (limits of memory, stop signal) is given as `PodmanArgs`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from jettison.harden.emit import terms
from jettison.harden.emit.yaml import comment
from jettison.harden.model import Deployment, Medium, Number, Probe, Storage
from jettison.observe.evidence import Evidence


def quadlet(deployment: Deployment, evidence: Evidence) -> dict[str, str]:
    """File name → content."""
    name, names = deployment.service.name, terms.volume_names(deployment)
    files = {f"{name}.container": _container(deployment, evidence)}
    for storage in deployment.settings.storage:
        if storage.medium is Medium.VOLUME:
            head = "".join(f"{line}\n" for line in comment(terms.what(storage)))
            files[f"{name}-{names[storage.path]}.volume"] = f"{head}[Volume]\n"
    return files


def _container(deployment: Deployment, evidence: Evidence) -> str:
    name, life = deployment.service.name, deployment.life
    sections = [
        ["[Unit]", f"Description={name}"],
        ["[Container]", f"ContainerName={name}", *_settings(deployment, evidence)],
        ["[Service]", *_service(deployment)],
    ]
    if not life.batch:
        sections.append(["[Install]", "WantedBy=default.target"])
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def _service(deployment: Deployment) -> Iterator[str]:
    if deployment.life.batch:
        yield "Type=oneshot"
    else:
        yield "Restart=always"
    if (grace := terms.grace(deployment.life)) is not None:
        yield f"TimeoutStopSec={grace[0] + 10}"


def _settings(deployment: Deployment, evidence: Evidence) -> Iterator[str]:
    yield f"Image={_raw(deployment.service.image)}"
    yield from _process(deployment)
    yield from _security(deployment)
    yield from _storage(deployment, evidence)
    yield from _resources(deployment)
    yield from _network(deployment)
    yield from _life(deployment)


def _process(deployment: Deployment) -> Iterator[str]:
    service, run_as = deployment.service, deployment.settings.run_as
    if service.entrypoint is not None:
        yield f"PodmanArgs=--entrypoint {_word(json.dumps(service.entrypoint))}"
    if service.command is not None:
        yield f"Exec={' '.join(map(_word, service.command))}"
    secret = set(service.secret_env)
    yield from (f"Environment={_word(f'{k}={v}')}" for k, v in service.env if k not in secret)
    if secret:
        yield from comment("Make each secret first: podman secret create NAME -")
        yield from (f"Secret={_raw(f'{each},type=env,target={each}')}" for each in sorted(secret))
    yield from _line("User", run_as.uid, run_as.because)
    yield f"Group={run_as.gid}"


def _security(deployment: Deployment) -> Iterator[str]:
    settings = deployment.settings
    yield from _line("ReadOnly", _boolean(settings.read_only_root.on), settings.read_only_root.because)
    if settings.read_only_root.on:
        yield from _line("PodmanArgs", "--read-only-tmpfs=false", "only the storage below is writable")
    yield "DropCapability=all"
    for capability in settings.capabilities:
        yield from _line("AddCapability", terms.bare(capability.name), terms.why(capability))
    on = settings.no_new_privileges
    yield from _line("NoNewPrivileges", _boolean(on.on), on.because)
    if settings.seccomp is not None:
        where = "/etc/containers/systemd, or ~/.config/containers/systemd without root"
        note = f"{settings.seccomp.because}\nThe file lies in {where}."
        yield from _line("SeccompProfile", "%E/containers/systemd/seccomp.json", note)


def _storage(deployment: Deployment, evidence: Evidence) -> Iterator[str]:
    names = terms.volume_names(deployment)
    for storage in deployment.settings.storage:
        yield from comment(terms.what(storage))
        if any(c == ":" or not c.isprintable() for c in storage.path):
            yield from comment(f"No unit can mount {storage.path!r}: mount it by hand.")
        elif storage.medium is Medium.VOLUME:
            # U gives the volume to the user of the container
            yield f"Volume={deployment.service.name}-{names[storage.path]}.volume:{_raw(storage.path)}:U"
        else:
            yield f"Tmpfs={_raw(storage.path)}:{_tmpfs(storage, terms.executed(storage, evidence))}"
    for mount in deployment.service.mounts:
        yield from comment(terms.held(mount))
        if any(c == ":" or not c.isprintable() for c in mount.path + mount.source):
            yield from comment(f"No unit can mount {mount.path!r}: mount it by hand.")
        else:
            yield f"Volume={_raw(mount.source)}:{_raw(mount.path)}{':ro' if mount.read_only else ''}"


def _tmpfs(storage: Storage, executable: bool) -> str:
    parts = ["rw", f"size={storage.size_bytes}", f"mode={storage.mode:04o}"]
    parts += ["exec" if executable else "noexec", "nosuid", "nodev", "U"]
    return ",".join(parts if storage.seeded else [*parts, "notmpcopyup"])


def _resources(deployment: Deployment) -> Iterator[str]:
    settings = deployment.settings
    if (limit := settings.memory_bytes) is not None:
        size = terms.size(limit.value, "m")
        yield from _line("PodmanArgs", f"--memory={size} --memory-swap={size}", limit.because)
    if (request := settings.memory_request_bytes) is not None:
        yield from _argument("memory-reservation", terms.size(request.value, "m"), request)
    if (cpu := settings.cpu_millis) is not None:
        yield from _argument("cpu-shares", terms.cpu_shares(cpu.value), cpu)
    yield from _line("PidsLimit", settings.pids.value, settings.pids.because)
    files = settings.open_files
    yield from _line("Ulimit", f"nofile={files.value}:{files.value}", files.because)
    yield from _line("ShmSize", terms.size(settings.shm_bytes.value, "m"), settings.shm_bytes.because)


def _network(deployment: Deployment) -> Iterator[str]:
    ports = terms.served(deployment)
    if terms.isolated(deployment):
        yield from _line("Network", "none", "it neither serves nor connects to anything")
    for port in ports:
        published = f"127.0.0.1:{port.number}:{port.number}/{port.protocol}"
        yield from _line("PublishPort", published, port.because)
    if low := terms.low_port(deployment):
        note = f"the user may listen on {low.number} without a capability"
        yield from _line("Sysctl", f"net.ipv4.ip_unprivileged_port_start={low.number}", note)


def _life(deployment: Deployment) -> Iterator[str]:
    life, probe = deployment.life, deployment.operations.healthcheck
    if life.zombies_left:
        yield from _line("RunInit", "true", terms.zombies(life))
    yield f"PodmanArgs=--stop-signal {_word(life.stop_signal)}"
    if (grace := terms.grace(life)) is not None:
        yield from _line("PodmanArgs", f"--stop-timeout {grace[0]}", grace[1])
    if probe is not None and probe.kind == "exec" and not life.batch:
        yield from _health(deployment, probe)


def _health(deployment: Deployment, probe: Probe) -> Iterator[str]:
    seconds, why = terms.start_allowance(deployment.life)
    yield from _line("HealthCmd", _raw(json.dumps(probe.command)), probe.because)
    yield from ("HealthInterval=10s", "HealthTimeout=5s", "HealthRetries=3")
    yield from _line("HealthStartPeriod", f"{seconds}s", why)


def _argument(option: str, value: object, number: Number) -> Iterator[str]:
    yield from _line("PodmanArgs", f"--{option}={value}", number.because)


def _line(key: str, value: object, note: str) -> Iterator[str]:
    yield from comment(note)
    yield f"{key}={value}"


def _boolean(value: bool) -> str:
    return str(value).lower()


def _raw(text: str) -> str:
    """A value that is taken as it stands, but for systemd's `%` and `$` (systemd.service(5))."""
    return "".join(c if c.isprintable() else "?" for c in text).replace("%", "%%").replace("$", "$$")


def _word(text: str) -> str:
    """One word of a value that is split like a command line (systemd.service(5), "Command lines")."""
    out = ['"']
    for character in text:
        if character in '"\\':
            out.append(f"\\{character}")
        elif character.isprintable():
            out.append({"%": "%%", "$": "$$"}.get(character, character))
        else:
            out.append("".join(f"\\x{byte:02x}" for byte in character.encode(errors="surrogatepass")))
    return "".join([*out, '"'])
