"""The seccomp section of an OCI `config.json` that makes the kernel report the observed calls.

OCI runtime specification, config-linux, "Seccomp". Calls that the runtime's libseccomp does not know by name
cannot be asked for and pass unseen; with libseccomp 2.5.4 these are `fchmodat2`, the `*xattrat` calls,
`open_tree_attr` and `file_getattr`/`file_setattr`, which no C library of that time uses.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from jettison.errors import HostError
from jettison.linux import syscalls
from jettison.observe import calls


def section(listener: Path) -> dict[str, Any]:
    """`linux.seccomp` for a run whose notifications go to the unix socket `listener`.

    HostError if this machine's system call tables are not known.
    """
    machine = os.uname().machine
    if machine not in syscalls.FAMILIES:
        raise HostError(
            f"cannot observe on {machine}: its system calls are not known",
            hint="use an x86-64 or arm64 host",
        )
    denied = [
        {"names": [name], "action": "SCMP_ACT_ERRNO", "errnoRet": number}
        for name, number in calls.DENIED.items()
    ]
    return {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": list(syscalls.FAMILIES[machine]),
        "listenerPath": str(listener),
        "syscalls": [{"names": list(calls.NAMES), "action": "SCMP_ACT_NOTIFY"}, *denied],
    }
