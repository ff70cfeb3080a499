"""The profile allows what was observed and nothing more."""

import errno
import json

import pytest

from jettison.harden.emit.seccomp import NEW_NAMESPACE, profile, section
from jettison.harden.model import Seccomp


def seccomp(*names: str, used: tuple[str, ...] = (), **more) -> Seccomp:
    return Seccomp(names=names, used=used, because="2 runs", **more)


def rules(content, name: str) -> list[dict]:
    return [rule for rule in content["syscalls"] if name in rule["names"]]


def test_a_call_that_is_not_listed_fails_with_eperm():
    content = section(seccomp("read"), "amd64")
    assert (content["defaultAction"], content["defaultErrnoRet"]) == ("SCMP_ACT_ERRNO", errno.EPERM)
    assert rules(content, "mount") == []
    assert rules(content, "read") == [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]


@pytest.mark.parametrize(
    ("architecture", "compatible", "expected"),
    [
        ("amd64", False, ["SCMP_ARCH_X86_64"]),
        ("amd64", True, ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]),
        ("arm64", False, ["SCMP_ARCH_AARCH64"]),
        ("arm64", True, ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]),
        ("riscv64", False, None),
    ],
)
def test_32_bit_calls_are_admitted_only_if_they_were_seen(architecture, compatible, expected):
    assert section(seccomp("read"), architecture, compatible=compatible).get("architectures") == expected


def test_clone_makes_processes_but_no_namespaces():
    content = section(seccomp("clone"), "amd64")
    (rule,) = rules(content, "clone")
    assert rule["args"] == [{"index": 0, "value": NEW_NAMESPACE, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}]
    flags = 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
    assert sum(flags) == NEW_NAMESPACE


@pytest.mark.parametrize("names", [("clone",), ("clone", "clone3"), ("read",)])
def test_clone3_does_not_exist_where_clone_is_filtered(names):
    (rule,) = rules(section(seccomp(*names), "amd64"), "clone3")
    assert (rule["action"], rule["errnoRet"]) == ("SCMP_ACT_ERRNO", errno.ENOSYS)


def test_who_makes_namespaces_may_use_both():
    content = section(seccomp("clone", "clone3", namespaces=True), "amd64")
    assert rules(content, "clone3") == rules(content, "clone")
    assert content["syscalls"] == [{"names": ["clone", "clone3"], "action": "SCMP_ACT_ALLOW"}]


def test_sockets_are_of_the_families_that_were_used():
    content = section(seccomp("socket", families=(10, 2)), "amd64")
    assert [rule["args"][0]["value"] for rule in rules(content, "socket")] == [2, 10]
    assert all(rule["args"][0]["op"] == "SCMP_CMP_EQ" for rule in rules(content, "socket"))


def test_sockets_of_no_family_are_refused():
    assert rules(section(seccomp("socket", families=()), "amd64"), "socket") == []


def test_sockets_of_unknown_families_are_not_filtered():
    assert "args" not in rules(section(seccomp("socket"), "amd64"), "socket")[0]


def test_personality_cannot_turn_protections_off():
    values = [
        rule["args"][0]["value"] for rule in rules(section(seccomp("personality"), "amd64"), "personality")
    ]
    assert 0 in values
    assert 0x0040000 not in values  # ADDR_NO_RANDOMIZE
    assert 0x0400000 not in values  # READ_IMPLIES_EXEC


def test_the_file_is_the_section_with_comments():
    given = seccomp("read", "write", "clone", "socket", used=("read",), families=(1,))
    content = json.loads(profile(given, "amd64"))
    assert [rule.pop("comment") for rule in content["syscalls"]][:2] == [
        "used: 2 runs",
        "not seen, but needed where what was seen is: other kernels, libraries and load",
    ]
    assert content == section(given, "amd64")
