"""The closure of the system calls that were seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jettison.harden.seccomp import ESSENTIAL, FAMILIES, SIBLINGS, allow, closure
from jettison.observe.evidence import Evidence, ImageIdentity

NAMES = sorted(frozenset().union(*SIBLINGS, *(family for _, family in FAMILIES), {"ptrace", "mount", "bpf"}))
DANGEROUS = {
    *(
        "ptrace",
        "mount",
        "umount2",
        "bpf",
        "keyctl",
        "add_key",
        "request_key",
        "unshare",
        "setns",
        "pivot_root",
    ),
    *("io_uring_setup", "userfaultfd", "perf_event_open", "kexec_load", "init_module", "process_vm_readv"),
    *("process_vm_writev", "personality", "reboot", "swapon", "open_by_handle_at"),
}


@given(st.sets(st.sampled_from(NAMES)))
def test_all_that_was_seen_is_allowed_and_closing_twice_adds_nothing(used):
    names = closure(used)
    assert used <= names
    assert closure(names) == closure(closure(names))


@given(st.sets(st.sampled_from(NAMES)))
def test_nothing_dangerous_comes_in_unseen(used):
    assert (closure(used) - used) & (DANGEROUS - {"keyctl"}) == set()


@pytest.mark.parametrize("group", SIBLINGS, ids=lambda group: "-".join(sorted(group)))
def test_one_of_a_purpose_allows_the_others(group):
    for name in group:
        assert group <= closure({name})


def test_an_empty_observation_still_gives_what_every_program_needs():
    profile = allow(Evidence(image=ImageIdentity("x:1", "sha256:0", "linux/amd64")))
    assert set(profile.names) >= ESSENTIAL
    assert profile.used == ()
    assert list(profile.names) == sorted(profile.names)
