"""The seccomp profile: the `linux.seccomp` section of the OCI runtime configuration (runtime-spec,
config-linux.md), which is also what Docker, Podman and Kubernetes (type Localhost) read from a file."""

from __future__ import annotations

import errno
import json
from typing import Any, Final

from jettison.harden.model import Seccomp
from jettison.linux.syscalls import FAMILIES

MACHINES: Final = {"amd64": "x86_64", "arm64": "aarch64"}
"""Architecture of an image config → machine."""
NEW_NAMESPACE: Final = 0x7E020000
"""All CLONE_NEW* flags that clone(2) knows."""
PERSONALITIES: Final = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)
"""Execution domains that take nothing away from security: PER_LINUX, PER_LINUX32, both with UNAME26, and the
question for the present one (personality(2))."""
_FILTERED: Final = ("clone", "clone3", "personality", "socket")


def section(seccomp: Seccomp, architecture: str, *, compatible: bool = False) -> dict[str, Any]:
    """The section for an OCI runtime.

    `architecture` is the image config's (`amd64`, `arm64`; for others the runtime's own is taken).
    `compatible` also admits the calls of that machine's 32-bit ABI; without it such a program is killed.
    """
    known = FAMILIES.get(MACHINES.get(architecture, ""), ())
    families = {"architectures": list(known if compatible else known[:1])} if known else {}
    rules = [{key: value for key, value in rule.items() if key != "comment"} for rule in _rules(seccomp)]
    return {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": errno.EPERM, **families, "syscalls": rules}


def profile(seccomp: Seccomp, architecture: str, *, compatible: bool = False) -> str:
    """The section as a file, with comments that every engine skips."""
    content = section(seccomp, architecture, compatible=compatible) | {"syscalls": _rules(seccomp)}
    return json.dumps(content, indent=2, ensure_ascii=True) + "\n"


def _rules(seccomp: Seccomp) -> list[dict[str, Any]]:
    filtered = set(_FILTERED)
    if seccomp.namespaces:
        filtered -= {"clone", "clone3"}
    if seccomp.families is None:
        filtered.discard("socket")
    used = set(seccomp.used)
    plain = [name for name in sorted(set(seccomp.names)) if name not in filtered]
    seen, closure = [n for n in plain if n in used], [n for n in plain if n not in used]
    rules = [
        _allow(seen, f"used: {seccomp.because}"),
        _allow(closure, "not seen, but needed where what was seen is: other kernels, libraries and load"),
        *_arguments(seccomp, filtered),
    ]
    return [rule for rule in rules if rule["names"]]


def _arguments(seccomp: Seccomp, filtered: set[str]) -> list[dict[str, Any]]:
    """Rules for the calls that are allowed with some arguments only."""
    names, rules = set(seccomp.names) & filtered, []
    if "clone" in names:
        no_namespace = _argument(NEW_NAMESPACE, "SCMP_CMP_MASKED_EQ", 0)
        rules.append(_allow(["clone"], "processes and threads, no new namespaces", no_namespace))
    if "clone3" in filtered:
        # Its flags are in memory, where no filter can look. ENOSYS makes the C libraries fall back to clone.
        rule = _allow(["clone3"], "its flags cannot be filtered: libraries use clone instead")
        rules.append(rule | {"action": "SCMP_ACT_ERRNO", "errnoRet": errno.ENOSYS})
    if "personality" in names:
        rules += [_allow(["personality"], "harmless values", _argument(value)) for value in PERSONALITIES]
    if "socket" in names:
        families = sorted(set(seccomp.families or ()))
        rules += [_allow(["socket"], "an address family that was used", _argument(n)) for n in families]
    return rules


def _allow(names: list[str], why: str, *arguments: dict[str, Any]) -> dict[str, Any]:
    rule = {"comment": why, "names": names, "action": "SCMP_ACT_ALLOW"}
    return rule | {"args": list(arguments)} if arguments else rule


def _argument(value: int, operator: str = "SCMP_CMP_EQ", second: int = 0) -> dict[str, Any]:
    return {"index": 0, "value": value, "valueTwo": second, "op": operator}
