"""Which network a container gets."""

from __future__ import annotations

import enum
import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jettison.errors import HostError, NotFoundError, UsageError

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")


class NetworkKind(enum.StrEnum):
    """The forms of `--network`."""

    NONE = "none"
    """Its own, with loopback only."""
    HOST = "host"
    PATH = "path"
    """The network namespace that a file names."""


@dataclass(frozen=True)
class Network:
    """A network to run in."""

    kind: NetworkKind = NetworkKind.NONE
    path: str = ""
    """The namespace file, for PATH."""


OWN_NETWORK: Final = Network()
"""Nothing but loopback."""


def parse_network(text: str, *, container_pid: Callable[[str], int] | None = None) -> Network:
    """`none`, `host`, `container:NAME` (a container of Docker or Podman) or the path of a network namespace.

    `container_pid` tells the host pid of a running container (default: asks the engines). Raises UsageError,
    and what `container_pid` raises.
    """
    if text in (NetworkKind.NONE, NetworkKind.HOST):
        return Network(NetworkKind(text))
    kind, separator, name = text.partition(":")
    if kind == "container" and separator and _NAME.fullmatch(name):
        return Network(NetworkKind.PATH, f"/proc/{(container_pid or engine_container_pid)(name)}/ns/net")
    if text.startswith("/"):
        if not Path(text).exists():
            raise UsageError(f"--network {text}: no such file")
        return Network(NetworkKind.PATH, text)
    raise UsageError(
        f"not a network: {text!r}", hint="--network takes none, host, container:NAME or /PATH of a namespace"
    )


def engine_container_pid(name: str) -> int:
    """The host pid of the running container `name` of Docker, else of Podman.

    Raises NotFoundError when neither runs it, HostError when there is no engine.
    """
    asked = False
    for engine in ("docker", "podman"):
        pid = _inspect(engine, name)
        asked |= pid is not None
        if pid:
            return pid
    if not asked:
        raise HostError(f"neither docker nor podman answers for container {name!r}", hint="start the engine")
    raise NotFoundError(f"no running container {name!r}", hint="`docker ps` shows those that run")


def _inspect(engine: str, name: str) -> int | None:
    """Its pid, 0 when the engine has no running container of this name, None when there is no engine."""
    try:
        done = subprocess.run(
            [engine, "container", "inspect", "--format", "{{json .State.Pid}}", "--", name],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    try:
        return int(json.loads(done.stdout)) if done.returncode == 0 else 0
    except (ValueError, TypeError):
        return 0
