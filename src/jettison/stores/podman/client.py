"""The API of Podman (podman-system-service(1)): at its socket, else of a service for us alone."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from jettison.errors import AbsentError, HostError, NotFoundError
from jettison.layers.files import Handle, spool, sweep_folders, temporary_folder
from jettison.limits import MAX_LAYER_BYTES, PODMAN_IDLE_S, PODMAN_START_TIMEOUT_S
from jettison.stores.docker_daemon.client import Body, Engine

_FOLDER = "jettison-podman-"
_HINT = "install podman, or start its socket: systemctl [--user] start podman.socket"


class Podman(Engine):
    """A connection to Podman."""

    def manifest_type(self, name: str) -> str:
        """The media type of the manifest of the image `name`; `NotFoundError` if there is none."""
        try:
            found = self._json(f"/libpod/images/{quote(name, safe='/:@')}/json", f"the image {name!r}")
        except NotFoundError:
            raise NotFoundError(f"Podman has no image {name!r}", hint="podman images lists them") from None
        return str(found.get("ManifestType", ""))

    def save_layout(self, name: str) -> Handle:
        """The image `name` as an OCI archive, which keeps config and manifest of an OCI image as they are."""
        path = f"/libpod/images/{quote(name, safe='/:@')}/get?format=oci-archive"
        with self._request("GET", path, f"the image {name!r}") as response:
            return spool(Body(response.pieces()), MAX_LAYER_BYTES, f"the image {name!r}")


def has_podman(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this user has Podman: its socket or its program."""
    program = shutil.which("podman", path=environment.get("PATH"))
    return bool(environment.get("CONTAINER_HOST") or program or _answers(_usual_socket(environment)))


@contextmanager
def podman(environment: Mapping[str, str] = os.environ) -> Iterator[Podman]:
    """A connection to `$CONTAINER_HOST`, to the socket of this user's Podman, or to a service that is started
    for this block. Raises `HostError` where there is no Podman."""
    given = environment.get("CONTAINER_HOST")
    usual = _usual_socket(environment)
    if given or _answers(usual):
        with Podman(given or f"unix://{usual}", environment) as engine:
            yield engine
        return
    with _service(environment) as path, Podman(f"unix://{path}", environment) as engine:
        yield engine


def _usual_socket(environment: Mapping[str, str]) -> Path:
    runtime = environment.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    return Path("/run" if os.geteuid() == 0 else runtime, "podman/podman.sock")


@contextmanager
def _service(environment: Mapping[str, str]) -> Iterator[Path]:
    """The socket of a service of our own."""
    program = shutil.which("podman", path=environment.get("PATH"))
    if program is None:
        raise AbsentError("there is no Podman here", hint=_HINT)
    parent = Path(tempfile.gettempdir())
    sweep_folders(parent, _FOLDER)
    with temporary_folder(parent, _FOLDER) as folder:
        path = folder / "socket"
        process = subprocess.Popen(
            [program, "system", "service", "--time", str(PODMAN_IDLE_S), f"unix://{path}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait(path, process)
            yield path
        finally:
            process.terminate()
            process.wait()


def _wait(path: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PODMAN_START_TIMEOUT_S
    while not _answers(path):
        if process.poll() is not None or time.monotonic() > deadline:
            raise HostError("podman system service does not start", hint="see what podman info says")
        time.sleep(0.02)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True
