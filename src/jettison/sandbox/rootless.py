"""Running without root: the whole program again, as root of a user namespace of its own (user_namespaces(7)).

There it may mount overlays, make namespaces and run containers; of the host it may still do only what its
user may. Files that belong to the user's subordinate ids (subuid(5)) keep their owners inside. A user who has
none gets a namespace in which root is the only id: what runs as root and stays root runs there too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from jettison.errors import HostError
from jettison.linux.namespaces import has_one_id

if TYPE_CHECKING:
    from jettison.sandbox.users import User

_ALL: Final = ("unshare", "--user", "--map-auto", "--map-root-user", "--mount")
_ONE: Final = ("unshare", "--user", "--map-root-user", "--mount")
_MAPPERS: Final = ("newuidmap", "newgidmap")
_MESSAGE_CHARACTERS: Final = 300
_TIMEOUT_S: Final = 10.0

REMEDY: Final = (
    "give this user subordinate ids: install uidmap, then as root "
    "`usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER`; or run it as root"
)
ONE_ID: Final = f"without subordinate ids, root is the only user in the sandbox: {REMEDY}"
"""What a user should know whose namespace has one id."""


def become_root() -> None:
    """Return if this process is root; otherwise run the same command line as root of a user namespace instead
    of this process; `has_one_id` tells there whether it has any other.

    Raises HostError, with what to install, when this host does not let its users have namespaces.
    """
    if os.geteuid() == 0:
        return
    command = _command()
    if isinstance(command, HostError):
        raise command
    os.execvp(command[0], [*command, "--", sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - no shell is meant


def obstacle() -> HostError | None:
    """Why this user cannot be root of a user namespace here; None when it can."""
    command = _command()
    return command if isinstance(command, HostError) else None


def possible(user: User) -> User:
    """`user`, if it exists in this process's user namespace; raises HostError."""
    if (user.uid, user.gid) != (0, 0) and has_one_id():
        raise HostError(
            f"nothing can be run as user {user.uid}, group {user.gid} here: root is the only id", hint=REMEDY
        )
    return user


def _command() -> tuple[str, ...] | HostError:
    """The command that makes the namespace: with subordinate ids if that can be, else with one id."""
    if shutil.which("unshare") is None:
        return HostError(
            "containers cannot be run without root here: unshare not installed",
            hint="install util-linux and uidmap (`apt-get install util-linux uidmap`), or run it as root",
        )
    if all(map(shutil.which, _MAPPERS)) and not _refusal(_ALL):
        return _ALL
    said = _refusal(_ONE)
    if not said:
        return _ONE
    return HostError(
        f"this user may not make user namespaces: {said}",
        hint="allow user namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu), "
        "or run it as root",
    )


def _refusal(command: tuple[str, ...]) -> str:
    """What `command` says when it does not work; empty when it does."""
    try:
        tried = subprocess.run(
            [*command, "true"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "unshare does not answer"
    said = tried.stderr.decode(errors="replace").strip()[:_MESSAGE_CHARACTERS]
    return (said or f"unshare ends with exit code {tried.returncode}") if tried.returncode else ""
