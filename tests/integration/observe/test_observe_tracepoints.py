"""System calls and capabilities as the kernel's tracepoints tell them, against strace as a witness."""

import os
import re
import shutil
import struct
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from observed import PROBE, Bench

from jettison.linux import bpf, tables
from jettison.linux.runtimes import KERNEL_CALLS, runtime_calls
from jettison.observe import tracepoints
from jettison.observe.evidence import Phase
from jettison.observe.observer import Observer
from jettison.observe.trace import Tally
from jettison.sandbox.network import Network, NetworkKind
from jettison.sandbox.sandbox import Sandbox
from jettison.sandbox.users import User

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(bpf.obstacle() != "", reason="needs root and x86-64"),
]
CALL = re.compile(r"^\d+ +(\w+)\(", re.MULTILINE)
AGAIN = re.compile(r"^\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed>).* = \? ERESTART", re.MULTILINE)
"""Calls that begin anew because a signal came in between."""
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")


@pytest.fixture(scope="session")
def theirs_layer(tmp_path_factory: pytest.TempPathFactory, probe_layer: Path) -> Path:
    """A file that only its owner may use, and a program that carries CAP_CHOWN (capabilities(7), "File
    capability extended attribute versioning")."""
    folder = tmp_path_factory.mktemp("theirs")
    folder.chmod(0o755)
    (folder / "bin").mkdir()
    (folder / "tmp").mkdir()
    (folder / "tmp").chmod(0o755)
    shutil.copy(probe_layer / PROBE[1:], folder / "bin/capable")
    os.setxattr(folder / "bin/capable", "security.capability", struct.pack("<5I", 0x02000001, 1, 0, 0, 0))
    (folder / "tmp/shared").mkdir()
    (folder / "tmp/shared").chmod(0o777)
    (folder / "tmp/theirs").touch()
    (folder / "tmp/theirs").chmod(0)
    os.chown(folder / "tmp/theirs", 7, 7)
    return folder


def witnessed(bench: Bench, *argv: str) -> dict[str, int]:
    """What strace counts, with all children."""
    _, found = bench.run("strace", "-f", "-o", "/traces/of", *argv, folder="traces")
    text = found["of"].decode(errors="replace")
    return Counter(CALL.findall(text)) - Counter(AGAIN.findall(text))


def tally_of(bench: Bench, *argv: str) -> Tally:
    seen = bench.watch(*argv)
    assert seen.trace.complete, seen.trace.reason
    assert seen.trace.tally.unrecorded.keys() <= {tracepoints.CAPABILITIES}
    return seen.trace.tally


@needs_strace
@pytest.mark.parametrize(
    "argv",
    [
        (PROBE, "folders"),
        (PROBE, "forks", "200"),
        (PROBE, "executed"),
        (PROBE, "executing-thread"),
        (PROBE, "network"),
        ("sh", "-c", "ls -lR /etc /usr/bin >/dev/null; cat /etc/passwd | cat; type missing-program"),
        ("sh", "-c", "for i in 1 2 3; do script; done; mkdir /tmp/a; cp -a /etc /tmp/a; rm -r /tmp/a"),
        ("sh", "-c", "tar -cf /tmp/t.tar -C /etc . ; mkdir /tmp/out; tar -xf /tmp/t.tar -C /tmp/out"),
    ],
)
def test_the_same_calls_are_counted_as_by_strace(
    bench: Bench, witness_layer: Path, argv: tuple[str, ...]
) -> None:
    both = replace(bench, layers=[*bench.layers, witness_layer])
    ours = tally_of(both, *argv).syscalls
    theirs = witnessed(both, *argv)
    assert ours is not None
    waits = {"wait4", "rt_sigreturn", "restart_syscall", "futex"}  # as often as children happen to end
    aside = waits | {"clone3"}  # which the sandbox refuses before the kernel counts it
    assert ours.keys() - aside == theirs.keys() - aside
    assert {n: c for n, c in ours.items() if n not in aside} == {
        n: c for n, c in theirs.items() if n not in aside
    }


def test_calls_of_other_abis_are_kept_apart(bench: Bench) -> None:
    plain = tally_of(bench, PROBE, "calls", "64", "110")
    assert plain.syscalls is not None
    assert plain.syscalls["getppid"] == 1
    assert plain.compat_syscalls == {}
    assert tally_of(bench, PROBE, "calls", "32", "64", "64").compat_syscalls == {"i386": {"getppid": 2}}
    assert tally_of(bench, PROBE, "calls", "x32", "110", "515").compat_syscalls == {
        "x32": {"getppid": 1, "readv": 1}
    }


def test_a_number_without_a_name_is_counted_by_its_number(bench: Bench) -> None:
    calls = tally_of(bench, PROBE, "calls", "64", "600", "70000").syscalls
    assert calls is not None
    assert (calls["syscall_600"], calls["syscall_unknown"]) == (1, 1)


def test_commands_executed_later_count_and_the_runtime_does_not(bench: Bench) -> None:
    def during(box: Sandbox, _: Observer) -> None:
        box.exec([PROBE, "calls", "64", "110"], timeout=10)
        box.signal(9)

    seen = bench.watch(PROBE, "sleep", during=during)
    calls = seen.trace.tally.syscalls
    assert calls is not None
    assert calls["execve"] == 2
    assert calls["getppid"] == 1
    assert calls["pause"] == 1
    assert calls.keys().isdisjoint({"epoll_create1", "capset", "setuid", "seccomp", "unshare", "chdir"})


def test_arguments_are_noted_of_calls_that_say_more_with_them(bench: Bench) -> None:
    calls = ["41,2,0x80801,6", "53,1,2,0,0", "157,38,1", "135,0xffffffff"]
    noted = tally_of(bench, PROBE, "calls", "64", *calls).arguments
    assert noted == {
        "socket": {(2, 1, 6)},
        "socketpair": {(1, 2, 0)},
        "prctl": {(38,)},
        "personality": {(0xFFFFFFFF,)},
    }
    assert tally_of(bench, PROBE, "calls", "32", "359,16,3,0", "136,8").arguments == {
        "socket": {(16, 3, 0)},
        "personality": {(8,)},
    }


def test_flags_of_clone_are_noted_without_the_signal(bench: Bench) -> None:
    noted = tally_of(bench, PROBE, "forks", "1").arguments
    assert noted is not None
    assert noted["clone"] == {(0x1200000,)}


Found = set[tuple[str, bool, str]]


def checks_of(bench: Bench, *argv: str, **spec: Any) -> Found:
    """Capability, whether it was granted, and the call, of a run."""
    tally = bench.watch(*argv, **spec).trace.tally
    if tally.checks is None:
        pytest.skip(tally.unrecorded[tracepoints.CAPABILITIES])
    return {(each.name, each.granted, each.call) for each in tally.checks}


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("92,@/tmp,1,1", "CAP_CHOWN"),
        ("90,@/tmp/theirs,0600", "CAP_FOWNER"),
        ("105,1000", "CAP_SETUID"),
        ("106,1000", "CAP_SETGID"),
        ("161,@/usr", "CAP_SYS_CHROOT"),
        ("133,@/tmp/shared/device,020600,0x103", "CAP_MKNOD"),
        ("41,2,3,1", "CAP_NET_RAW"),
    ],
)
def test_root_uses_the_capability_and_an_ordinary_user_is_refused(
    bench: Bench, theirs_layer: Path, call: str, name: str
) -> None:
    both = replace(bench, layers=[*bench.layers, theirs_layer])
    program = next(text for text, number in tables.X86_64.items() if number == int(call.split(",")[0]))
    fallen_through = {("CAP_FSETID", True, program)}  # chmod asks for it too, for a bit that is not set
    assert checks_of(both, PROBE, "calls", "64", call) - fallen_through == {(name, True, program)}
    assert checks_of(both, PROBE, "calls", "64", call, user=User(1000, 1000)) == {(name, False, program)}


def test_permissions_are_overridden_after_a_lesser_capability_was_asked_for(
    bench: Bench, theirs_layer: Path
) -> None:
    both = replace(bench, layers=[*bench.layers, theirs_layer])
    assert checks_of(both, PROBE, "calls", "64", "257,-100,@/tmp/theirs,0") == {
        ("CAP_DAC_READ_SEARCH", False, "openat"),
        ("CAP_DAC_OVERRIDE", True, "openat"),
    }
    assert checks_of(both, PROBE, "calls", "64", "257,-100,@/etc/passwd,0") == set()


def test_a_low_port_asks_where_the_network_protects_it(bench: Bench) -> None:
    assert checks_of(bench, PROBE, "bind", "80") == set()  # engines open all ports to everybody
    on_host = checks_of(bench, PROBE, "bind", "79", network=Network(NetworkKind.HOST))
    assert on_host == {("CAP_NET_BIND_SERVICE", True, "bind")}


def test_a_program_with_a_capability_of_its_own_uses_it(bench: Bench, theirs_layer: Path) -> None:
    both = replace(bench, layers=[*bench.layers, theirs_layer])
    calls = ("calls", "64", "92,@/tmp,1,1")
    assert checks_of(both, "/bin/capable", *calls, user=User(1000, 1000)) == {("CAP_CHOWN", True, "chown")}
    refused = checks_of(both, "/bin/capable", *calls, user=User(1000, 1000), no_new_privileges=True)
    assert ("CAP_CHOWN", False, "chown") in refused


def test_capabilities_of_a_user_namespace_of_its_own_are_not_the_container_s(bench: Bench) -> None:
    calls = [f"272,{0x10000000}", "161,@/usr"]
    found = checks_of(bench, PROBE, "calls", "64", *calls, user=User(1000, 1000))
    assert not any(granted for _, granted, _ in found)


def test_capabilities_are_told_with_phase_program_and_call(bench: Bench) -> None:
    def during(box: Sandbox, observer: Observer) -> None:
        while not Path(f"/proc/{box.pid}/syscall").read_text().startswith("34 "):  # pause
            time.sleep(0.01)
        observer.mark(Phase.SERVE, "one")
        box.exec([PROBE, "calls", "64", "92,@/tmp,7,7"], timeout=10)
        box.signal(9)

    seen = bench.watch(PROBE, "calls", "64", "92,@/etc,1,1", "161,@/usr", "170,@name,4", "34", during=during)
    if seen.trace.tally.checks is None:
        pytest.skip(seen.trace.tally.unrecorded[tracepoints.CAPABILITIES])
    found = {(e.name, e.granted, e.phase, e.executable, e.call) for e in seen.trace.tally.checks}
    assert found == {
        ("CAP_CHOWN", True, Phase.START, b"/bin/probe", "chown"),
        ("CAP_CHOWN", True, Phase.EXEC, b"/bin/probe", "chown"),
        ("CAP_SYS_CHROOT", True, Phase.START, b"/bin/probe", "chroot"),
        ("CAP_SYS_ADMIN", False, Phase.START, b"/bin/probe", "sethostname"),
    }


@pytest.mark.parametrize("no_new_privileges", [False, True])
@pytest.mark.parametrize("user", [User(0, 0), User(1000, 1000)])
def test_what_was_counted_and_the_runtime_s_own_calls_are_enough(
    bench: Bench, *, no_new_privileges: bool, user: User
) -> None:
    allowed = tally_of(bench, PROBE, "threads").syscalls
    assert allowed is not None
    profile = {
        "defaultAction": "SCMP_ACT_KILL_PROCESS",
        "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [
            {
                "names": sorted(
                    runtime_calls(no_new_privileges=no_new_privileges) | KERNEL_CALLS | {*allowed}
                ),
                "action": "SCMP_ACT_ALLOW",
            },
            {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},  # as while it was observed
        ],
    }
    for _ in range(3):
        code, _ = bench.run(PROBE, "threads", seccomp=profile, no_new_privileges=no_new_privileges, user=user)
        assert code == 0
    code, _ = bench.run(PROBE, "network", seccomp=profile, no_new_privileges=no_new_privileges, user=user)
    assert code == 128 + 31  # SIGSYS


def test_the_observation_goes_on_where_the_kernel_refuses(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(bpf.Program, "__init__", refuse)
    seen = bench.watch(PROBE, "folders")
    assert seen.trace.complete
    assert seen.trace.tally == Tally(
        unrecorded=dict.fromkeys(
            ("syscalls", "capabilities"), "the kernel refuses it: Operation not permitted"
        )
    )


def test_what_a_full_table_lost_is_not_called_exact(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jettison.observe.programs._THREADS", 1)
    seen = bench.watch(PROBE, "threads")
    assert seen.code == 0
    assert seen.trace.complete
    assert seen.trace.tally.syscalls is None
    assert "would not be exact" in seen.trace.tally.unrecorded["syscalls"]
