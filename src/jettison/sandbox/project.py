"""A compose project of ours in an engine, found by its label, so that it can be removed without its file."""

from __future__ import annotations

import os
import subprocess
from typing import Final

import msgspec

from jettison.errors import RemoteError
from jettison.limits import COMPOSE_TIMEOUT_S
from jettison.linux.process import kill_by_arguments

_LABELS: Final = ("com.docker.compose.project", "io.podman.compose.project")
_SERVICE: Final = "com.docker.compose.service"


class Project(msgspec.Struct, tag="project", frozen=True):
    """Containers, networks, volumes and images of a project with a random name."""

    engine: str
    """`docker` or `podman`."""
    host: str
    """DOCKER_HOST of the engine; empty for Podman."""
    name: str

    @property
    def holder(self) -> str:
        """Name of the image that holds the application's network."""
        return f"{self.name}-holder:1"

    def stop(self) -> None:
        """Remove all but the images; raises OSError."""
        for kind, options in (("container", ("-f", "-v")), ("network", ()), ("volume", ("-f",))):
            found = [each for label in _LABELS for each in self._listed(kind, f"label={label}={self.name}")]
            if found:
                self._call(kind, "rm", *options, *dict.fromkeys(found))

    def undo(self) -> None:
        """Remove it; raises OSError."""
        self.stop()
        images = [
            image
            for pattern in (f"{self.name}-*", f"{self.name}_*")
            for image in self._listed("image", f"reference={pattern}")
        ]
        if images:
            self._call("image", "rm", "-f", *dict.fromkeys(images))

    def recover(self) -> None:
        """Remove what a killed process left, its compose tool first, which may still be at work."""
        kill_by_arguments(b"-p", os.fsencode(self.name))
        self.undo()

    def describe(self) -> str:
        """For people."""
        return f"compose project {self.name}"

    def inspect(self, service: str, form: str) -> str:
        """What the engine says of the container of `service`; raises `RemoteError` where there is none."""
        found = self._containers(service)
        if not found:
            raise RemoteError(f"the service {service} has no container")
        return self._call("container", "inspect", "--format", form, found[0]).strip()

    def health(self, service: str) -> str:
        """`healthy`, `starting` or `unhealthy`. Podman checks only when it is told to where no systemd runs
        its timers."""
        if self.engine == "podman":
            for container in self._containers(service):
                done = self._ran("healthcheck", "run", container)
                return "healthy" if done.returncode == 0 else "starting"
        return self.inspect(service, "{{if .State.Health}}{{.State.Health.Status}}{{end}}")

    def _containers(self, service: str) -> list[str]:
        both = (f"label={_LABELS[0]}={self.name}", f"label={_SERVICE}={service}")
        return self._listed("container", *both)

    def _listed(self, kind: str, *filters: str) -> list[str]:
        named = ("--format", "{{.Name}}") if kind == "volume" else ("-q",)
        every = ("-a",) if kind == "container" else ()
        wanted = [part for each in filters for part in ("--filter", each)]
        return self._call(kind, "ls", *every, *named, *wanted).split()

    def _call(self, *arguments: str) -> str:
        done = self._ran(*arguments)
        if done.returncode:
            raise OSError(done.returncode, done.stderr.decode(errors="replace").strip()[-300:])
        return done.stdout.decode(errors="replace")

    def _ran(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        host = {"DOCKER_HOST": self.host} if self.host else {}
        try:
            return subprocess.run(
                [self.engine, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env={**os.environ, **host},
                start_new_session=True,
                timeout=COMPOSE_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise OSError(f"{self.engine} did not answer in {COMPOSE_TIMEOUT_S:.0f} s") from None
