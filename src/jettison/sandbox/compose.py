"""The other services of a compose file, up for each run of the application and gone after it.

They are a project of their own with a random name. Where the application's service would be stands a
container that only holds its networks and names (`jettison.sandbox.holder`); the sandbox joins its network
namespace, so that the other services reach the application, and it them, as in production.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from jettison.errors import HostError, RemoteError, UsageError
from jettison.layers.path import printable
from jettison.limits import COMPOSE_TIMEOUT_S, MAX_JSON_BYTES
from jettison.sandbox.composefile import Service, beside, parse_service
from jettison.sandbox.holder import holder_image
from jettison.sandbox.journal import Journal
from jettison.sandbox.network import Network, NetworkKind
from jettison.sandbox.project import Project
from jettison.stores.docker_daemon.client import Engine, has_engine
from jettison.stores.publish import publish

_FILE: Final = "compose.json"
_LAST_LINES: Final = 20


@dataclass(frozen=True, slots=True)
class Tool:
    """A compose tool and the engine that it speaks to."""

    command: tuple[str, ...]
    engine: str
    """`docker` or `podman`: its client, and where the image of the holder goes."""
    environment: dict[str, str]


class Services:
    """The services beside one service of a compose file."""

    def __init__(self, service: Service, tool: Tool, project: Project, file: Path, name: str) -> None:
        self.service = service
        """How the application itself is run."""
        self._tool = tool
        self._project = project
        self._file = file
        self._name = name

    def fresh(self) -> Network:
        """Start all other services anew, with nothing of an earlier run, and wait until what the application
        depends on is as it asks; the network to run it in.

        Raises `RemoteError`, with the last lines of the tool, when they do not come up.
        """
        try:
            self._project.stop()
        except OSError as error:
            raise RemoteError(f"the services cannot be started anew: {error.strerror}") from error
        _run(self._tool, "-p", self._project.name, "-f", str(self._file), "up", "-d")
        for other in self.service.healthy:
            self._wait_healthy(other)
        pid = self._project.inspect(self._name, "{{.State.Pid}}")
        if not pid.isdigit() or pid == "0":
            raise RemoteError(f"the network of the service {self._name} is not there")
        return Network(NetworkKind.PATH, f"/proc/{pid}/ns/net")

    def _wait_healthy(self, other: str) -> None:
        """Tools that start what depends on others without waiting for their health are waited for here."""
        deadline = time.monotonic() + COMPOSE_TIMEOUT_S
        while (state := self._project.health(other)) != "healthy":
            if state == "unhealthy" or time.monotonic() > deadline:
                raise RemoteError(f"the service {printable(other)} is {printable(state) or 'not there'}")
            time.sleep(0.2)


@contextmanager
def services(file: Path, name: str, journal: Journal) -> Iterator[Services]:
    """The services beside `name` in the compose file `file`. On leaving, however, all of them are gone with
    their networks, volumes and images built for them; also after this process was killed, at the next start.

    Nothing runs until `Services.fresh`. Raises `UsageError` for a file or service that cannot be used,
    `HostError` without a compose tool, `RemoteError`.
    """
    if not file.is_file():
        raise UsageError(f"there is no compose file {file}")
    tool = find_tool()
    project = Project(
        engine=tool.engine,
        host=tool.environment.get("DOCKER_HOST", ""),
        name=f"jettison-{secrets.token_hex(6)}",
    )
    document = _document(tool, file, project.name)
    service = parse_service(document, name)
    with journal.temporary() as folder, journal.holding(project):
        transport = "docker-daemon" if tool.engine == "docker" else "podman"
        publish(holder_image("the holder"), f"{transport}:{project.holder}")
        path = folder / _FILE
        path.write_text(yaml.safe_dump(beside(document, name, project.holder)))
        yield Services(service, tool, project, path, name)


def find_tool() -> Tool:
    """The compose tool of this host: Docker's plug-in or program where a Docker engine answers, else
    Podman's. Raises `HostError` without one."""
    if shutil.which("docker") and has_engine():
        with Engine() as engine:
            environment = {**os.environ, "DOCKER_HOST": engine.host}
        for command in (("docker", "compose"), ("docker-compose",)):
            if _works(command):
                return Tool(command, "docker", environment)
    if shutil.which("podman") and _works(("podman-compose",)):
        return Tool(("podman-compose",), "podman", dict(os.environ))
    raise HostError(
        "there is no compose tool here, or no engine for it",
        hint="install docker-compose-plugin, docker-compose or podman-compose, and start the engine",
    )


def _works(command: tuple[str, ...]) -> bool:
    if shutil.which(command[0]) is None:
        return False
    done = subprocess.run([*command, "version"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode == 0


def _document(tool: Tool, file: Path, project: str) -> dict[str, Any]:
    """The file as the tool understands it."""
    text = _run(tool, "-p", project, "-f", str(file), "config", error=UsageError)
    if len(text) > MAX_JSON_BYTES:
        raise UsageError(f"{file} is too long")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"{file} cannot be read: {printable(str(error))}") from None
    if not isinstance(value, dict):
        raise UsageError(f"{file} is no compose file")
    return value


def _run(tool: Tool, *arguments: str, error: type[UsageError] | type[RemoteError] = RemoteError) -> str:
    """What the tool prints; raises `error` with its last lines when it fails."""
    try:
        done = subprocess.run(
            [*tool.command, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=tool.environment,
            start_new_session=True,  # Ctrl-C is ours: what it started is taken down by us
            timeout=COMPOSE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RemoteError(f"{' '.join(tool.command)} did not end in {COMPOSE_TIMEOUT_S:.0f} s") from None
    except OSError as failure:
        raise HostError(f"cannot run {tool.command[0]}: {failure.strerror}") from failure
    if done.returncode:
        lines = done.stderr.decode(errors="replace").splitlines()[-_LAST_LINES:]
        raise error(
            f"{' '.join(tool.command)} {arguments[4]} failed",
            hint="see its last lines above",
            details=tuple(printable(line) for line in lines),
        )
    return done.stdout.decode(errors="replace")
