"""The seccomp section of an OCI `config.json` that makes the kernel report the observed calls.

OCI runtime specification, config-linux, "Seccomp". Calls that the runtime's libseccomp does not know by name
cannot be asked for and pass unseen; with libseccomp 2.5.4 these are `fchmodat2`, the `*xattrat` calls,
`open_tree_attr` and `file_getattr`/`file_setattr`, which no C library of that time uses.

Two calls are let through by their arguments:

* `newfstatat` with a descriptor and exactly the flag AT_EMPTY_PATH, which is what `fstat` of the C libraries
  compiles to. It follows every `open` of a file that is read, so it was measured to be up to half of all
  events of a server, and it asks about a file that was opened by its path before. What is given up is
  `fstatat(folder, "name", AT_EMPTY_PATH)` with a name that is not empty, a combination without a use, as with
  a name the flag changes nothing. Every other combination of flags, and AT_FDCWD, traps.
* `utimensat` without a path, which is `futimens`: some servers call it as a heartbeat for each request. Like
  the other calls that change a file through its descriptor it needs an open that was seen.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from jettison.errors import HostError
from jettison.linux import syscalls
from jettison.observe import calls
from jettison.sandbox.confinement import refusals

_MAX_DESCRIPTOR: Final = 2**31 - 1
"""AT_FDCWD is above it, whether its sign was extended to 64 bits or not."""
_CONDITIONS: Final[dict[str, tuple[dict[str, Any], ...]]] = {
    "newfstatat": (
        {"index": 3, "value": calls.AT_EMPTY_PATH, "op": "SCMP_CMP_NE"},
        {"index": 0, "value": _MAX_DESCRIPTOR, "op": "SCMP_CMP_GT"},
    ),
    **dict.fromkeys(("utimensat", "utimensat_time64"), ({"index": 1, "value": 0, "op": "SCMP_CMP_NE"},)),
}
"""Calls that trap only if one of the conditions on their arguments holds."""


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
    plain = [name for name in calls.NAMES if name not in _CONDITIONS]
    conditional = [
        {"names": [name], "action": "SCMP_ACT_NOTIFY", "args": [condition]}
        for name, conditions in _CONDITIONS.items()
        for condition in conditions
    ]
    return {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": list(syscalls.FAMILIES[machine]),
        "listenerPath": str(listener),
        "syscalls": [{"names": plain, "action": "SCMP_ACT_NOTIFY"}, *conditional, *refusals()],
    }
