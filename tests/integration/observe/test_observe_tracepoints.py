"""System calls and capabilities as the kernel's tracepoints tell them, against strace as a witness."""

import re
import shutil
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from observed import PROBE, Bench

from jettison.linux import bpf
from jettison.linux.runtimes import KERNEL_CALLS, runtime_calls
from jettison.observe import tracepoints
from jettison.observe.evidence import Phase
from jettison.observe.observer import Observer
from jettison.observe.trace import Tally
from jettison.sandbox.sandbox import Sandbox
from jettison.sandbox.users import User

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(tracepoints.obstacle() != "", reason="needs root and x86-64"),
]
CALL = re.compile(r"^\d+ +(\w+)\(", re.MULTILINE)
AGAIN = re.compile(r"^\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed>).* = \? ERESTART", re.MULTILINE)
"""Calls that begin anew because a signal came in between."""
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")


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
    assert ours.keys() - waits == theirs.keys() - waits
    assert {n: c for n, c in ours.items() if n not in waits} == {
        n: c for n, c in theirs.items() if n not in waits
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
    flags = 0x10000000 | 0x20000  # namespaces of users and of mounts
    calls = [
        "41,2,0x80801,6",
        "53,1,2,0,0",
        f"272,{flags}",
        "157,38,1",
        "135,0xffffffff",
        "308,99,0x40000000",
    ]
    noted = tally_of(bench, PROBE, "calls", "64", *calls).arguments
    assert noted == {
        "socket": {(2, 1, 6)},
        "socketpair": {(1, 2, 0)},
        "unshare": {(flags,)},
        "prctl": {(38,)},
        "personality": {(0xFFFFFFFF,)},
        "setns": {(0x40000000,)},
    }
    assert tally_of(bench, PROBE, "calls", "32", "359,16,3,0", "136,8").arguments == {
        "socket": {(16, 3, 0)},
        "personality": {(8,)},
    }


def test_flags_of_clone_are_noted_without_the_signal(bench: Bench) -> None:
    noted = tally_of(bench, PROBE, "forks", "1").arguments
    assert noted is not None
    assert noted["clone"] == {(0x1200000,)}


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
            }
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
    monkeypatch.setattr("jettison.observe.programs._THREADS", 8)
    seen = bench.watch(PROBE, "threads")
    assert seen.code == 0
    assert seen.trace.complete
    assert seen.trace.tally.syscalls is None
    assert "would not be exact" in seen.trace.tally.unrecorded["syscalls"]
