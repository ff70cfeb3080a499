"""The scorecard: each need has its grades, reasons and next steps."""

from pathlib import Path

import msgspec
import pytest

from jettison.harden.grades import grades
from jettison.harden.model import (
    Capability,
    Decision,
    Deployment,
    Life,
    Logs,
    Medium,
    Metrics,
    Number,
    Operations,
    Port,
    Probe,
    Proof,
    Relaxation,
    RunAs,
    Seccomp,
    Secret,
    Service,
    Settings,
    Storage,
    StorageKind,
)

DOCUMENT = Path(__file__).resolve().parents[3] / "docs/harden-grades.md"
SETTINGS = Settings(
    seccomp=Seccomp(tuple(f"call{n}" for n in range(90)), (), ""),
    capabilities=(),
    no_new_privileges=Decision(True, ""),
    run_as=RunAs(1000, 1000, "", "app"),
    read_only_root=Decision(True, ""),
    storage=(),
    memory_bytes=Number(64 << 20, ""),
    memory_request_bytes=None,
    cpu_millis=Number(100, ""),
    pids=Number(64, ""),
    open_files=Number(1024, ""),
    shm_bytes=Number(0, ""),
)
OPERATIONS = Operations(
    readiness=Probe(kind="http", because="", port=80, path="/readyz"),
    liveness=Probe(kind="http", because="", port=80, path="/livez"),
    healthcheck=Probe(kind="exec", because="", command=("/bin/wget",)),
    metrics=Metrics(80, "/metrics", ""),
    logs=Logs(True, "json", (), ""),
)
LIFE = Life(
    batch=False,
    start_seconds=1.0,
    stop_seconds=0.5,
    exit_code=0,
    stops_while_starting=True,
    in_flight=8,
    zombies_made=50,
    restarted=True,
)
PERFECT = Deployment(
    service=Service(name="app", image="app:1", ports=(Port(8080, "tcp", ""),)),
    settings=SETTINGS,
    operations=OPERATIONS,
    life=LIFE,
)
PROVEN = (Proof(where="sandbox", passed=True),)


def but(part, **changes):
    """The perfect deployment with changes in one part."""
    return msgspec.structs.replace(
        PERFECT, **{part: msgspec.structs.replace(getattr(PERFECT, part), **changes)}
    )


def grade(deployment, need, relaxed=(), proofs=PROVEN):
    return next(each for each in grades(deployment, relaxed, proofs) if each.need == need)


def test_an_application_that_does_everything_right_has_nothing_but_a():
    found = grades(PERFECT, (), PROVEN)
    assert {each.grade for each in found} == {"A"}
    assert all(each.reason and not each.next for each in found)


def test_every_need_is_explained_in_the_guide():
    text = DOCUMENT.read_text()
    assert [each.need for each in grades(PERFECT) if f"| {each.need} |" not in text] == []


def test_a_job_is_not_asked_for_what_it_cannot_have():
    job = Deployment(
        service=Service(name="job", image="job:1"),
        settings=SETTINGS,
        operations=Operations(logs=Logs(True, "plain", (), "")),
        life=Life(batch=True, exit_code=0),
    )
    marks = {each.need: each.grade for each in grades(job, (), PROVEN)}
    for need in (
        "Metrics",
        "Health probes",
        "Start-up",
        "Stop signal",
        "Requests in flight",
        "Zombies",
        "Ports",
    ):
        assert marks[need] == "-"
    assert marks["Persisted data"] == "A"


CAP = Capability("CAP_CHOWN", "", remedy="chown at build time")
CASES = [
    ("Logging", "operations", {"logs": Logs(True, "plain", (), "")}, "B"),
    ("Logging", "operations", {"logs": Logs(True, "json", ("/var/log/a.log",), "")}, "C"),
    ("Logging", "operations", {"logs": Logs(False, "", ("/var/log/a.log",), "")}, "D"),
    ("Logging", "operations", {"logs": Logs(False, "", (), "")}, "E"),
    ("Metrics", "operations", {"metrics": None}, "D"),
    ("Health probes", "operations", {"healthcheck": None}, "B"),
    ("Health probes", "operations", {"liveness": Probe(kind="tcp", because="")}, "B"),
    ("Health probes", "operations", {"readiness": Probe(kind="http", because="", path="/")}, "C"),
    ("Health probes", "operations", {"readiness": Probe(kind="tcp", because="")}, "D"),
    ("Health probes", "operations", {"readiness": None}, "F"),
    ("Security: capabilities", "settings", {"capabilities": (Capability("CAP_NET_BIND_SERVICE", ""),)}, "B"),
    ("Security: capabilities", "settings", {"capabilities": (Capability("CAP_SETUID", "", True),)}, "B"),
    ("Security: capabilities", "settings", {"capabilities": (CAP,)}, "C"),
    ("Security: capabilities", "settings", {"capabilities": (Capability("CAP_SETUID", ""),)}, "D"),
    ("Security: capabilities", "settings", {"capabilities": (Capability("CAP_SYS_ADMIN", ""),)}, "F"),
    ("Security: system calls", "settings", {"seccomp": Seccomp(("read",) * 150, (), "")}, "B"),
    ("Security: system calls", "settings", {"seccomp": Seccomp(("read",) * 300, (), "")}, "C"),
    ("Security: system calls", "settings", {"seccomp": None}, "D"),
    ("Security: user", "settings", {"run_as": RunAs(0, 0, "", refused=("/data",))}, "C"),
    ("Security: user", "settings", {"run_as": RunAs(0, 0, ""), "capabilities": (CAP,)}, "D"),
    ("Security: privileges", "settings", {"no_new_privileges": Decision(False, "sudo")}, "D"),
    ("Security: root file system", "settings", {"read_only_root": Decision(False, "writes to /app")}, "D"),
    ("Resource limits", "settings", {"cpu_millis": None}, "B"),
    ("Resource limits", "settings", {"memory_bytes": None}, "D"),
    ("Persisted data", "life", {"restarted": None}, "C"),
    ("Persisted data", "life", {"restarted": False, "restart_error": "lock file"}, "F"),
    ("Start-up", "life", {"start_seconds": 5.0}, "B"),
    ("Start-up", "life", {"start_seconds": 20.0}, "C"),
    ("Start-up", "life", {"start_seconds": 50.0}, "D"),
    ("Stop signal", "life", {"stops_while_starting": False}, "B"),
    ("Stop signal", "life", {"exit_code": 143}, "A"),
    ("Stop signal", "life", {"exit_code": 1}, "C"),
    ("Stop signal", "life", {"stop_seconds": 8.0}, "C"),
    ("Stop signal", "life", {"killed": True}, "F"),
    ("Requests in flight", "life", {"killed": True}, "F"),
    ("Requests in flight", "life", {"in_flight": 0}, "B"),
    ("Requests in flight", "life", {"in_flight_lost": 3}, "D"),
    ("Requests in flight", "life", {"in_flight_lost": 8}, "F"),
    ("Requests in flight", "life", {"in_flight": None}, "-"),
    ("Zombies", "life", {"zombies_left": 50}, "C"),
    ("Zombies", "life", {"zombies_made": None}, "-"),
    ("Ports", "service", {"ports": (Port(9000, "tcp", "", exposed=False),)}, "C"),
    ("Ports", "service", {"ports": (Port(9000, "tcp", "", loopback=True),)}, "F"),
    ("Ports", "service", {"ports": ()}, "-"),
]


@pytest.mark.parametrize(("need", "part", "changes", "mark"), CASES)
def test_one_change_changes_the_grade(need, part, changes, mark):
    found = grade(but(part, **changes), need)
    assert found.grade == mark
    assert found.reason


@pytest.mark.parametrize(
    ("secret", "mark"),
    [
        (Secret("environment", "DB_PASSWORD", "assigned-secret", ""), "B"),
        (Secret("command", "--password", "assigned-secret", ""), "D"),
        (Secret("environment", "DB_PASSWORD", "assigned-secret", "", baked=True), "F"),
        (Secret("file", "/app/tls.key", "private-key", "", baked=True), "F"),
    ],
)
def test_the_worst_secret_decides(secret, mark):
    harmless = Secret("environment", "X_TOKEN", "assigned-secret", "")
    found = grade(msgspec.structs.replace(PERFECT, secrets=(harmless, secret)), "Security: secrets")
    assert found.grade == mark


def test_data_in_memory_is_lost():
    storage = Storage(path="/data", kind=StorageKind.DATA, medium=Medium.TMPFS, because="", size_bytes=1)
    assert grade(but("settings", storage=(storage,)), "Persisted data").grade == "F"


def test_what_was_relaxed_is_said_where_it_counts():
    relaxed = (Relaxation("capabilities", "the application fails without CHOWN"),)
    found = grade(but("settings", capabilities=(CAP,)), "Security: capabilities", relaxed)
    assert "fails without CHOWN" in found.reason
    assert found.next == "chown at build time"


@pytest.mark.parametrize(
    ("proofs", "mark"),
    [
        ((), "-"),
        ((Proof(where="sandbox", passed=None),), "-"),
        ((Proof(where="sandbox", passed=True, not_enforced=("apparmor",)),), "B"),
        ((*PROVEN, Proof(where="docker compose", passed=False)), "F"),
    ],
)
def test_the_proof_counts(proofs, mark):
    assert grade(PERFECT, "Proof", proofs=proofs).grade == mark
