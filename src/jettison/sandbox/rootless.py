"""Running without root: the whole program again, as root of a user namespace of its own (user_namespaces(7)).

There it may mount overlays, make namespaces and run containers; of the host it may still do only what its
user may. Files that belong to the user's subordinate ids (subuid(5)) keep their owners inside.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import Final

from jettison.errors import HostError

_UNSHARE: Final = ("unshare", "--user", "--map-auto", "--map-root-user", "--mount")
_TOOLS: Final = ("unshare", "newuidmap", "newgidmap")
_MESSAGE_CHARACTERS: Final = 300
_TIMEOUT_S: Final = 10.0


def become_root() -> None:
    """Return if this process is root; otherwise run the same command line as root of a user namespace instead
    of this process.

    Raises HostError, with what to install, when this host does not let its users have namespaces.
    """
    if os.geteuid() == 0:
        return
    error = obstacle()
    if error is not None:
        raise error
    os.execvp(_UNSHARE[0], [*_UNSHARE, "--", sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - no shell is meant


def obstacle() -> HostError | None:
    """Why this user cannot be root of a user namespace here; None when it can."""
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        return HostError(
            f"containers cannot be run without root here: {', '.join(missing)} not installed",
            hint="install util-linux and uidmap (`apt-get install util-linux uidmap`), or run it as root",
        )
    try:
        tried = subprocess.run(
            [*_UNSHARE, "true"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return HostError("unshare does not answer", hint="run it as root")
    if tried.returncode:
        said = tried.stderr.decode(errors="replace").strip()[:_MESSAGE_CHARACTERS]
        return HostError(
            f"this user may not make user namespaces: {said}",
            hint="add ids for it to /etc/subuid and /etc/subgid (`usermod --add-subuids`), allow user "
            "namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu), or run it as root",
        )
    return None
