"""Every observed system call, in each ABI, on the real kernel."""

import os
import struct

import pytest
from observed import PROBE, Bench

from jettison.linux import syscalls
from jettison.observe.calls import CALLS, NOFOLLOW, Call, Family, operation_of, writes_of

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86-64 ABIs"),
]

FDCWD = -100
NEWER_THAN_LIBSECCOMP = {
    *("fchmodat2", "getxattrat", "setxattrat", "listxattrat", "removexattrat"),
    *("open_tree_attr", "file_getattr", "file_setattr"),
}
"""Calls that the runtime's libseccomp may not know by name (see `jettison.observe.profile`)."""
PASSING = {"execve", "execveat", "chroot", "pivot_root"}
"""Calls that would end the program or change what later ones mean; they have tests of their own."""


def calls_of(arch: int, x32: bool = False) -> dict[str, tuple[int, Call]]:
    """Name → number and call, of the calls that take a plain path."""
    found = {}
    for key, call in CALLS.items():
        number, its_arch = struct.unpack("<II", key)
        if its_arch == arch and bool(number & syscalls.X32_BIT) == x32:
            found[call.name] = (number & ~syscalls.X32_BIT, call)
    wanted = (Family.PATH, Family.PATHS)
    return {name: entry for name, entry in found.items() if entry[1].family in wanted and name not in PASSING}


def spelled(name: str, number: int, call: Call) -> str:
    """The call for the probe: each path is its own, folders are the working folder, the rest is 0."""
    values = ["0"] * 6
    for place, target in enumerate(call.targets):
        values[target.path] = f"@/probe/{name}/{place}"
        if target.folder is not None:
            values[target.folder] = str(FDCWD)
    return ",".join([str(number), *values])


def expected(calls: dict[str, tuple[int, Call]]) -> dict[bytes, tuple[object, ...]]:
    wanted = {}
    for name, (_, call) in calls.items():
        for place, target in enumerate(call.targets):
            kind = call.kind(target, 0)
            wanted[f"/probe/{name}/{place}".encode()] = (
                operation_of(kind),
                not kind & NOFOLLOW,
                writes_of(kind),
            )
    return wanted


@pytest.mark.parametrize(
    ("abi", "arch", "x32"),
    [
        ("64", syscalls.AUDIT_X86_64, False),
        ("32", syscalls.AUDIT_I386, False),
        ("x32", syscalls.AUDIT_X86_64, True),
    ],
)
def test_each_call_is_seen_with_its_path_and_meaning(bench: Bench, abi: str, arch: int, x32: bool) -> None:
    calls = calls_of(arch, x32)
    seen = bench.watch(PROBE, "calls", abi, *(spelled(name, *entry) for name, entry in calls.items()))
    assert seen.trace.complete, seen.trace.reason
    found = {e.path: (e.operation, e.follow, e.writes) for e in seen.trace.lookups}
    wanted = expected(calls)
    missing = {path.split(b"/")[2].decode() for path in wanted.keys() - found.keys()}
    assert missing <= NEWER_THAN_LIBSECCOMP
    assert {path: found[path] for path in wanted if path in found} == {
        path: what for path, what in wanted.items() if path in found
    }
