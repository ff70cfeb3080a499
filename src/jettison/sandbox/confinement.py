"""The seccomp filter of every sandbox: what container engines refuse, refused here too.

Engines allow a list of system calls (moby, `profiles/seccomp/default.json`); what is missing from it, for a
container with the default capabilities, is named here and refused in the same way. A list of refusals and not
of permissions: a call that is newer than this program must not fail here when it works in production.
"""

from __future__ import annotations

import errno
import os
from typing import Any, Final

from jettison.linux import syscalls

_REFUSED = """
    acct add_key bpf clock_adjtime clock_settime create_module delete_module finit_module fsconfig fsmount
    fsopen fspick get_kernel_syms get_mempolicy init_module ioperm iopl io_uring_enter io_uring_register
    io_uring_setup kcmp kexec_file_load kexec_load keyctl lookup_dcookie mbind mount mount_setattr move_mount
    move_pages nfsservctl open_by_handle_at open_tree open_tree_attr perf_event_open pivot_root query_module
    quotactl reboot request_key set_mempolicy setns settimeofday stime swapoff swapon sysfs _sysctl umount
    umount2 unshare uselib userfaultfd ustat vm86 vm86old
"""
REFUSED: Final = tuple(_REFUSED.split())
"""Refused with EPERM, but for those of io_uring: ENOSYS, as on a kernel without it, so that callers fall
back."""
_ABSENT: Final = ("io_uring_enter", "io_uring_register", "io_uring_setup", "clone3")
"""Refused with ENOSYS; clone3 because no filter can see its flags."""
_NAMESPACES: Final = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET (clone(2))."""


def refusals() -> list[dict[str, Any]]:
    """The rules of an OCI `linux.seccomp` section that refuse these calls, when all others are allowed."""
    plain = [name for name in REFUSED if name not in _ABSENT]
    return [
        {"names": plain, "action": "SCMP_ACT_ERRNO", "errnoRet": errno.EPERM},
        {"names": list(_ABSENT), "action": "SCMP_ACT_ERRNO", "errnoRet": errno.ENOSYS},
        *(
            {
                "names": ["clone"],
                "action": "SCMP_ACT_ERRNO",
                "errnoRet": errno.EPERM,
                "args": [{"index": 0, "value": flag, "valueTwo": flag, "op": "SCMP_CMP_MASKED_EQ"}],
            }
            for flag in _NAMESPACES
        ),
    ]


def default_section() -> dict[str, Any] | None:
    """`linux.seccomp` of a run that nobody watches; None on a machine whose calls are not known here."""
    architectures = syscalls.FAMILIES.get(os.uname().machine)
    if architectures is None:
        return None
    return {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": list(architectures),
        "syscalls": refusals(),
    }
