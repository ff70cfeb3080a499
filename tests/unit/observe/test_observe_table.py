"""What calls and their flags mean."""

import os

import pytest

from jettison.linux import syscalls
from jettison.observe import calls, profile
from jettison.observe.calls import CALLS, Family, open_kind, operation_of, writes_of
from jettison.observe.evidence import Operation, WriteOperation
from jettison.sandbox.confinement import REFUSED

X86, ARM64 = syscalls.AUDIT_X86_64, syscalls.AUDIT_AARCH64
CREATE, WRITE = WriteOperation.CREATE, WriteOperation.WRITE


@pytest.mark.parametrize(
    ("flags", "operation", "follow", "writes"),
    [
        (os.O_RDONLY, Operation.OPEN, True, ()),
        (os.O_RDONLY | 0o200000, Operation.LIST, True, ()),
        (os.O_RDONLY | 0o400000, Operation.OPEN, False, ()),
        (os.O_PATH | 0o200000, Operation.STAT, True, ()),
        (os.O_WRONLY, Operation.OPEN, True, (WRITE,)),
        (os.O_RDWR, Operation.OPEN, True, (WRITE,)),
        (os.O_RDONLY | os.O_TRUNC, Operation.OPEN, True, (WRITE,)),
        (os.O_RDONLY | os.O_CREAT, Operation.OPEN, True, (CREATE,)),
        (os.O_WRONLY | os.O_CREAT | os.O_TRUNC, Operation.OPEN, True, (CREATE, WRITE)),
        (os.O_RDWR | os.O_CREAT | os.O_EXCL, Operation.OPEN, False, (CREATE, WRITE)),
        (os.O_RDWR | 0o20200000, Operation.LIST, True, ()),
    ],
)
def test_flags_of_open_on_x86(flags, operation, follow, writes):
    kind = open_kind(flags, X86)
    assert (operation_of(kind), not kind & calls.NOFOLLOW, writes_of(kind)) == (operation, follow, writes)


def test_folder_and_link_flags_of_open_are_others_on_arm():
    assert operation_of(open_kind(0o40000, ARM64)) is Operation.LIST
    assert open_kind(0o100000, ARM64) & calls.NOFOLLOW
    assert operation_of(open_kind(0o200000, ARM64)) is Operation.OPEN  # O_DIRECT's neighbour there


def call(name, arch=X86):
    return next(call for call in CALLS.values() if (call.name, call.arch) == (name, arch))


def test_flags_decide_whether_a_link_is_followed():
    stat = call("newfstatat")
    assert not stat.kind(stat.targets[0], 0) & calls.NOFOLLOW
    assert stat.kind(stat.targets[0], calls.AT_SYMLINK_NOFOLLOW) & calls.NOFOLLOW
    link = call("linkat")
    assert link.kind(link.targets[0], 0) & calls.NOFOLLOW
    assert not link.kind(link.targets[0], calls.AT_SYMLINK_FOLLOW) & calls.NOFOLLOW


def test_the_flag_of_a_link_is_about_its_source_only():
    link = call("linkat")
    assert link.kind(link.targets[1], calls.AT_SYMLINK_FOLLOW) & calls.NOFOLLOW


def test_a_64_bit_argument_shifts_the_others_in_a_32_bit_abi():
    assert [(t.folder, t.path) for t in call("fanotify_mark").targets] == [(3, 4)]
    assert [(t.folder, t.path) for t in call("fanotify_mark", syscalls.AUDIT_I386).targets] == [(4, 5)]


def test_every_listed_call_is_observed_or_denied():
    observed = {entry.name for entry in CALLS.values()}
    assert observed | set(REFUSED) >= set(syscalls.NUMBERS)
    assert not observed & set(REFUSED)


def test_fast_calls_have_a_token_of_their_own():
    tokens = [entry.token for entry in CALLS.values() if entry.family is Family.PATH]
    assert len(tokens) == len(set(tokens))
    assert 0 not in tokens


def test_reading_writing_waiting_and_memory_never_trap():
    names = {name for rule in profile.section("x")["syscalls"] for name in rule["names"]}
    quiet = {"read", "write", "epoll_wait", "futex", "mmap", "recvfrom", "sendmsg", "clock_gettime", "close"}
    assert not names & quiet


def test_only_fstat_and_futimens_are_let_through_by_their_arguments():
    rules = profile.section("x")["syscalls"]
    notified = [rule for rule in rules if rule["action"] == "SCMP_ACT_NOTIFY"]
    conditional = {name for rule in notified if "args" in rule for name in rule["names"]}
    assert conditional == {"newfstatat", "utimensat", "utimensat_time64"}
    unconditional = [name for rule in rules if "args" not in rule for name in rule["names"]]
    assert not conditional & set(unconditional)


def test_this_machine_s_architectures_are_named():
    section = profile.section("/run/x.sock")
    assert section["listenerPath"] == "/run/x.sock"
    assert section["architectures"][0] in ("SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64")
