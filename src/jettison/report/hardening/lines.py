"""The settings of a deployment as lines of text, each with the evidence it came from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from jettison.harden.model import Deployment, Probe, Settings
from jettison.report.terminal import size


class Line(NamedTuple):
    """One setting."""

    name: str
    value: str
    because: str


def lines(of: Deployment) -> Iterator[Line]:
    """Everything that was decided, in the order of the manifests."""
    yield from _security(of.settings)
    yield from _storage(of.settings)
    yield from _limits(of.settings)
    yield from _service(of)


def _security(settings: Settings) -> Iterator[Line]:
    run_as = settings.run_as
    name = f" ({run_as.name})" if run_as.name else ""
    refused = f"; refused: {', '.join(run_as.refused[:3])}" if run_as.refused else ""
    yield Line("user", f"{run_as.uid}:{run_as.gid}{name}", run_as.because + refused)
    kept = ", ".join(each.name.removeprefix("CAP_") for each in settings.capabilities)
    because = "; ".join(each.because for each in settings.capabilities[:3])
    yield Line("capabilities", kept or "none", because or "none was needed")
    if settings.seccomp is None:
        yield Line("seccomp", "the engine's default", "system calls could not be recorded on this host")
    else:
        yield Line("seccomp", f"{len(settings.seccomp.names)} system calls", settings.seccomp.because)
    for name, decision in (
        ("no new privileges", settings.no_new_privileges),
        ("read-only root", settings.read_only_root),
    ):
        yield Line(name, "on" if decision.on else "off", decision.because)


def _storage(settings: Settings) -> Iterator[Line]:
    for each in settings.storage:
        seeded = ", starts as a copy of the image's" if each.seeded else ""
        yield Line(each.path, f"{each.kind}, {each.medium}{seeded}", each.because)


def _limits(settings: Settings) -> Iterator[Line]:
    if settings.memory_bytes is not None:
        memory = settings.memory_bytes
        yield Line("memory limit", f"{memory.value // (1024 * 1024)} MiB", memory.because)
    if settings.cpu_millis is not None:
        yield Line("CPU request", f"{settings.cpu_millis.value}m", settings.cpu_millis.because)
    yield Line("processes", str(settings.pids.value), settings.pids.because)
    yield Line("open files", str(settings.open_files.value), settings.open_files.because)
    yield Line("shared memory", size(settings.shm_bytes.value), settings.shm_bytes.because)


def _service(of: Deployment) -> Iterator[Line]:
    for port in of.service.ports:
        notes = ["", ", not in EXPOSE"][not port.exposed] + ["", ", loopback only"][port.loopback]
        yield Line("port", f"{port.number}/{port.protocol} {port.scheme}{notes}", port.because)
    asks = of.operations
    for name, probe in (
        ("readiness", asks.readiness),
        ("liveness", asks.liveness),
        ("health command", asks.healthcheck),
    ):
        if probe is not None:
            yield Line(name, _asked(probe), probe.because)
    if asks.metrics is not None:
        yield Line("metrics", f":{asks.metrics.port}{asks.metrics.path}", asks.metrics.because)
    if asks.logs is not None:
        where = "stdout" if asks.logs.stdout else "no output"
        files = f", files {', '.join(asks.logs.files[:3])}" if asks.logs.files else ""
        yield Line("logs", f"{where} {asks.logs.format}{files}", asks.logs.because)
    for secret in of.secrets:
        yield Line("secret", f"{secret.where} {secret.name}: {secret.kind}", secret.because)


def _asked(probe: Probe) -> str:
    if probe.kind == "exec":
        return " ".join(probe.command)
    return f"{probe.kind} :{probe.port}{probe.path}"
