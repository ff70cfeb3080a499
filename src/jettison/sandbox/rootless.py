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

_UNSHARE: Final = ("--user", "--map-auto", "--map-root-user", "--mount")
_TOOLS: Final = ("unshare", "newuidmap", "newgidmap")


def become_root() -> None:
    """Return if this process is root; otherwise run the same command line as root of a user namespace instead
    of this process.

    Raises HostError, with what to install, when this host does not let its users have namespaces.
    """
    if os.geteuid() == 0:
        return
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        raise HostError(
            f"containers cannot be run without root here: {', '.join(missing)} not installed",
            hint="install util-linux and uidmap (`apt-get install util-linux uidmap`), or run it as root",
        )
    tried = subprocess.run(["unshare", *_UNSHARE, "true"], capture_output=True, check=False)
    if tried.returncode:
        said = tried.stderr.decode(errors="replace").strip()
        raise HostError(
            f"this user may not make user namespaces: {said}",
            hint="add ids for it to /etc/subuid and /etc/subgid (`usermod --add-subuids`), or run it as root",
        )
    command = [sys.executable, *sys.orig_argv[1:]]
    os.execvp("unshare", ["unshare", *_UNSHARE, "--", *command])  # noqa: S606 - no shell is meant
