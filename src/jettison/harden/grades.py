"""The scorecard: a grade per production need, with the reason and the next step. Thresholds are explained in
`docs/harden-grades.md`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from jettison.harden.model import (
    Deployment,
    Grade,
    Life,
    Medium,
    Operations,
    Port,
    Proof,
    Relaxation,
    Secret,
    Settings,
    StorageKind,
)
from jettison.sandbox.spec import CAPABILITIES

Mark = Literal["A", "B", "C", "D", "E", "F", "-"]

TIGHT_CALLS: Final = 110
"""System calls that a tight list has at the most: 30 % of Docker's default list."""
WIDE_CALLS: Final = 180
"""Half of that list."""
QUICK_STOP_S: Final = 5.0
QUICK_START_S: Final = 2.0
START_S: Final = 10.0
SLOW_START_S: Final = 30.0
_STRUCTURED: Final = frozenset(("json", "logfmt", "combined"))
_POWERFUL: Final = frozenset(
    ("CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_SETUID", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SYS_CHROOT")
)
"""Capabilities of Docker's default set that undo a boundary."""
_PORT: Final = "CAP_NET_BIND_SERVICE"


@dataclass(frozen=True)
class _Verdict:
    mark: Mark
    reason: str
    next: str = ""


def grades(
    deployment: Deployment, relaxed: Sequence[Relaxation] = (), proofs: Sequence[Proof] = ()
) -> tuple[Grade, ...]:
    """The scorecard of `deployment`, given what had to be relaxed and where it was proven."""
    settings, life = deployment.settings, deployment.life
    operations = deployment.operations
    given_up = {each.what: each.text for each in relaxed}
    verdicts = (
        ("Logging", _logging(operations, batch=life.batch)),
        ("Metrics", _metrics(operations, batch=life.batch)),
        ("Health probes", _health(operations, deployment.service.ports, batch=life.batch)),
        ("Security: capabilities", _capabilities(settings)),
        ("Security: system calls", _seccomp(settings)),
        ("Security: user", _user(settings)),
        ("Security: privileges", _privileges(settings)),
        ("Security: root file system", _root(settings)),
        ("Security: secrets", _secrets(deployment.secrets)),
        ("Persisted data", _data(settings, life)),
        ("Resource limits", _resources(settings)),
        ("Start-up", _start(life)),
        ("Stop signal", _stop(life)),
        ("Requests in flight", _in_flight(life)),
        ("Zombies", _zombies(life)),
        ("Ports", _ports(deployment.service.ports, batch=life.batch)),
        ("Proof", _proof(proofs)),
    )
    return tuple(
        Grade(need, verdict.mark, _with(verdict.reason, given_up.get(_RELAXED.get(need, ""))), verdict.next)
        for need, verdict in verdicts
    )


_RELAXED: Final = {
    "Security: capabilities": "capabilities",
    "Security: system calls": "seccomp",
    "Security: user": "user",
    "Security: privileges": "no new privileges",
    "Security: root file system": "read-only root",
    "Resource limits": "memory",
}
"""Need → what it is called as a relaxation."""


def _with(reason: str, relaxation: str | None) -> str:
    return f"{reason}; relaxed: {relaxation}" if relaxation else reason


def _listed(items: Iterable[str], most: int = 4) -> str:
    names = list(items)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _logging(operations: Operations, *, batch: bool) -> _Verdict:
    logs = operations.logs
    if logs is None:
        return _Verdict("-", "not looked at")
    files = _listed(logs.files)
    to_stdout = "write to stdout instead, or link the files to /dev/stdout"
    if logs.files and not logs.stdout:
        return _Verdict("D", f"only to files inside the container: {files}", to_stdout)
    if logs.files:
        return _Verdict("C", f"to stdout, and to files inside the container: {files}", to_stdout)
    if not logs.stdout:
        return _Verdict(
            "C" if batch else "E",
            "nothing is printed",
            "print what happens to stdout: start, errors, requests",
        )
    if logs.format in _STRUCTURED:
        return _Verdict("A", f"to stdout, as {logs.format}")
    return _Verdict("B", "to stdout, as plain text", "print JSON lines, so that fields can be searched")


def _metrics(operations: Operations, *, batch: bool) -> _Verdict:
    if operations.metrics is not None:
        return _Verdict("A", f"Prometheus metrics at :{operations.metrics.port}{operations.metrics.path}")
    if batch:
        return _Verdict("-", "a job: its exit code and duration are its metrics")
    return _Verdict(
        "D", "none of the usual paths has metrics", "serve /metrics with a Prometheus client library"
    )


def _health(operations: Operations, ports: Sequence[Port], *, batch: bool) -> _Verdict:
    ready, alive = operations.readiness, operations.liveness
    if batch or (ready is None and not ports):
        return _Verdict("-", "it listens on nothing that could be asked")
    if ready is None:
        return _Verdict("F", "nothing tells whether it is ready", "serve a health path")
    if ready.kind == "tcp":
        return _Verdict("D", "only whether the port takes connections", "serve /readyz and /livez")
    if ready.path == "/":
        return _Verdict("C", "no health path: the first page stands in", "serve /readyz and /livez")
    where = f"{ready.path or ready.command[0]}"
    if alive is None or alive.kind == "tcp":
        return _Verdict(
            "B", f"ready by {where}; alive only by a connection", "serve /livez without dependencies"
        )
    if operations.healthcheck is None:
        return _Verdict(
            "B", f"ready by {where}; no command for engines without HTTP probes", "add a program that can ask"
        )
    return _Verdict("A", f"ready by {where}, alive by {alive.path or alive.command[0]}")


def _capabilities(settings: Settings) -> _Verdict:
    kept = settings.capabilities
    names = {each.name for each in kept}
    remedy = next((each.remedy for each in kept if each.remedy), "")
    beyond = sorted(names - set(CAPABILITIES))
    powerful = sorted(each.name for each in kept if each.name in _POWERFUL and not each.start_only)
    if not kept:
        return _Verdict("A", "all dropped")
    if beyond:
        return _Verdict("F", f"more than an engine grants by default: {_listed(beyond)}", remedy)
    if powerful:
        return _Verdict("D", f"keeps {_listed(powerful)} while it serves", remedy)
    if all(each.start_only or each.name == _PORT for each in kept):
        when = "only during the start" if all(each.start_only for each in kept) else "for a low port"
        return _Verdict("B", f"keeps {_listed(sorted(names))}, {when}", remedy)
    return _Verdict("C", f"keeps {_listed(sorted(names))}", remedy)


def _seccomp(settings: Settings) -> _Verdict:
    profile = settings.seccomp
    if profile is None:
        return _Verdict("D", "the engine's default list", "observe on a host that records system calls")
    count = len(profile.names)
    reason = f"{count} system calls allowed"
    if count <= TIGHT_CALLS:
        return _Verdict("A", reason)
    if count <= WIDE_CALLS:
        return _Verdict("B", reason)
    return _Verdict("C", reason, "split what one container does, or drop the shell scripts of the start")


def _user(settings: Settings) -> _Verdict:
    who = settings.run_as
    if not who.root:
        return _Verdict("A", f"runs as {who.name or who.uid}")
    why = f": {_listed(who.refused, 2)}" if who.refused else ""
    if not settings.capabilities and settings.no_new_privileges.on:
        return _Verdict(
            "C", f"runs as root without capabilities{why}", "make it run as a user: see the reason"
        )
    return _Verdict("D", f"runs as root{why}", "give the user its folders at build time, then USER")


def _privileges(settings: Settings) -> _Verdict:
    decision = settings.no_new_privileges
    if decision.on:
        return _Verdict("A", "no program can gain privileges")
    return _Verdict("D", f"may gain privileges: {decision.because}", "do without setuid programs and sudo")


def _root(settings: Settings) -> _Verdict:
    decision = settings.read_only_root
    if not decision.on:
        return _Verdict("D", f"writable: {decision.because}", "write below one folder that can be a volume")
    writable = _listed(each.path for each in settings.storage)
    return _Verdict("A", "read-only" + (f"; writable: {writable}" if writable else ""))


def _secrets(secrets: Sequence[Secret]) -> _Verdict:
    baked = [each for each in secrets if each.baked]
    if baked:
        names = _listed(dict.fromkeys(each.name for each in baked))
        return _Verdict(
            "F", f"the image holds {names}", "take it out of the image, and replace it by a new one"
        )
    shown = [each for each in secrets if each.where == "command"]
    if shown:
        names = _listed(dict.fromkeys(each.name for each in shown))
        return _Verdict("D", f"on the command line: {names}", "read it from a file or a variable")
    if secrets:
        names = _listed(dict.fromkeys(each.name for each in secrets))
        return _Verdict("B", f"by reference, as variables: {names}", "read them from files, if it can")
    return _Verdict("A", "none seen")


def _data(settings: Settings, life: Life) -> _Verdict:
    data = [each.path for each in settings.storage if each.kind is StorageKind.DATA]
    lost = [
        each.path
        for each in settings.storage
        if each.kind is StorageKind.DATA and each.medium is not Medium.VOLUME
    ]
    what = f"data in {_listed(data)}" if data else "keeps no data"
    if lost:
        return _Verdict("F", f"data in memory only: {_listed(lost)}", "put it on a volume")
    if life.restarted is False:
        return _Verdict(
            "F", f"does not come back after a restart: {life.restart_error}", "mend its second start"
        )
    if life.restarted is None and not life.batch:
        return _Verdict("C", f"{what}; a restart was not tried")
    return _Verdict("A", f"{what}; comes back after a restart" if life.restarted else what)


def _resources(settings: Settings) -> _Verdict:
    if settings.memory_bytes is None:
        return _Verdict("D", "no memory limit", "run it where memory can be limited (cgroups)")
    limit = f"memory {-(-settings.memory_bytes.value // 2**20)} MiB, {settings.pids.value} processes"
    if settings.cpu_millis is None:
        return _Verdict("B", f"{limit}; CPU not measured")
    return _Verdict("A", f"{limit}, CPU request {settings.cpu_millis.value}m")


def _start(life: Life) -> _Verdict:
    seconds = life.start_seconds
    if seconds is None:
        return _Verdict("-", "it does its work and ends" if life.batch else "not measured")
    reason = f"ready after {seconds:.1f} s"
    if seconds <= QUICK_START_S:
        return _Verdict("A", reason)
    mark: Mark = "B" if seconds <= START_S else "C" if seconds <= SLOW_START_S else "D"
    return _Verdict(mark, reason, "do at build time what the start does: compile, migrate, warm up")


def _stop(life: Life) -> _Verdict:
    if life.batch:
        return _Verdict("-", "it ends by itself")
    if life.killed:
        return _Verdict("F", f"ignores {life.stop_signal} and is killed", _HANDLE.format(life.stop_signal))
    if life.stop_seconds is None:
        return _Verdict("-", "not tried")
    reason = f"ends {life.stop_seconds:.1f} s after {life.stop_signal}"
    if life.stop_seconds > QUICK_STOP_S:
        return _Verdict("C", reason, "close connections and workers at once when the signal comes")
    if life.exit_code not in (0, None) and not 128 < (life.exit_code or 0) <= 192:
        return _Verdict("C", f"{reason}, with exit code {life.exit_code}", "exit with 0 after a stop signal")
    if life.stops_while_starting is False:
        return _Verdict(
            "B", f"{reason}, and ignores it while it starts", "run it under an init: `init: true`, or tini"
        )
    return _Verdict("A", reason)


_HANDLE: Final = "handle {}, and exec the program instead of starting it from a shell"


def _in_flight(life: Life) -> _Verdict:
    if life.killed:
        return _Verdict("F", "lost with whatever it does when it is killed", "handle the stop signal")
    if life.in_flight is None:
        return _Verdict("-", "no HTTP requests to interrupt")
    if life.in_flight_lost:
        share = f"{life.in_flight_lost} of {life.in_flight} lost at the stop signal"
        mark: Mark = "F" if life.in_flight_lost == life.in_flight else "D"
        return _Verdict(mark, share, "stop accepting, finish what is under way, then exit")
    if not life.in_flight:
        return _Verdict("B", "answers too fast to be caught at it; none lost")
    return _Verdict("A", f"{life.in_flight} of {life.in_flight} finished after the stop signal")


def _zombies(life: Life) -> _Verdict:
    if life.zombies_made is None:
        return _Verdict("-", "not tried")
    if life.zombies_left:
        return _Verdict(
            "C",
            f"{life.zombies_left} of {life.zombies_made} orphans not reaped",
            "run it under an init: `init: true`, or tini as ENTRYPOINT",
        )
    return _Verdict("A", f"{life.zombies_made} of {life.zombies_made} orphans reaped")


def _ports(ports: Sequence[Port], *, batch: bool) -> _Verdict:
    reachable = [port for port in ports if not port.loopback]
    if not ports:
        return _Verdict("-", "it listens on nothing")
    if not reachable and not batch:
        return _Verdict("F", "listens on the loopback interface alone", "listen on 0.0.0.0 or ::")
    hidden = [f"{port.number}/{port.protocol}" for port in reachable if not port.exposed]
    shown = _listed(f"{port.number}/{port.protocol}" for port in reachable)
    if hidden:
        return _Verdict(
            "C", f"EXPOSE does not name {_listed(hidden)}", f"EXPOSE {' '.join(hidden)}, or close it"
        )
    return _Verdict("A", f"{shown}, as EXPOSE says")


def _proof(proofs: Sequence[Proof]) -> _Verdict:
    failed = [proof.where for proof in proofs if proof.passed is False]
    passed = [proof.where for proof in proofs if proof.passed]
    if failed:
        return _Verdict("F", f"fails in {_listed(failed)}", "see the differences in the report")
    if not passed:
        return _Verdict("-", "not tried here")
    missing = sorted({what for proof in proofs if proof.passed for what in proof.not_enforced})
    if missing:
        return _Verdict("B", f"passed in {_listed(passed)}; not enforced there: {_listed(missing)}")
    return _Verdict("A", f"passed in {_listed(passed)}, with everything enforced")
