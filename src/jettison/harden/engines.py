"""The emitted manifests in real engines: `docker compose` and `podman kube play`, where they are present.

The manifests are used as they are handed over, but for names and host ports, which are others each time, and
what the user mounts to be written, of which they get a copy: what the user has is never touched. The workload
goes into the container's network namespace, as in our own sandbox.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from msgspec import structs

from jettison.errors import ApplicationError, HostError
from jettison.harden.bench import Bench
from jettison.harden.model import Deployment, Mounted, MountKind, Proof
from jettison.layers.path import printable
from jettison.limits import COMPOSE_TIMEOUT_S, MAX_COPY_BYTES
from jettison.sandbox.compose import find_tool
from jettison.sandbox.journal import Journal
from jettison.sandbox.outputs import Outputs
from jettison.sandbox.process import ExecResult, Exit
from jettison.sandbox.project import Project
from jettison.sandbox.records import Pod

_ANSWER_S: Final = 60.0
"""How long one call of an engine may take; loading nothing, it is a second."""
_HOST_PORT: Final = re.compile(r"127\.0\.0\.1:\d+:(\d+/)")
"""A published port of `compose.yaml`: the host's may be taken, so the engine picks one."""
_START_S: Final = 5.0
_PAUSE_S: Final = 0.1


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A container engine's command line."""

    program: str
    environment: Mapping[str, str]
    folder: Path | None = None
    """Where it runs: manifests name other files relative to theirs."""

    def run(self, *arguments: str, timeout: float = _ANSWER_S) -> subprocess.CompletedProcess[bytes]:
        """Call it; raises HostError when it does not answer."""
        try:
            return subprocess.run(
                [self.program, *arguments],
                env=dict(self.environment),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise HostError(f"{Path(self.program).name} does not answer: {error}") from error


class EngineContainer:
    """A container of an engine, as the workload sees it (`workload.target.Target`)."""

    def __init__(self, engine: Engine, container: str, outputs: Outputs) -> None:
        """`container` is its id, `outputs` what it may write of ours. Raises
        ApplicationError when it failed at once, HostError when the engine does not know it."""
        self.id = container
        self.outputs = outputs
        self._engine = engine
        self.pid = self._started()

    @property
    def netns(self) -> Path:
        """Its network namespace."""
        return Path(f"/proc/{self.pid}/ns/net")

    def poll(self) -> Exit | None:
        """How it ended, or None while it runs."""
        if self.pid and Path(f"/proc/{self.pid}").exists():
            return None
        state = self._state()
        if state["Running"]:
            return None
        return Exit(int(state["ExitCode"]), oom=bool(state.get("OOMKilled")))

    def exec(self, argv: Sequence[str], *, timeout: float) -> ExecResult:
        """Run a command inside."""
        try:
            done = self._engine.run("exec", self.id, *argv, timeout=timeout)
        except HostError:
            return ExecResult(124, b"", b"", timed_out=True)
        return ExecResult(done.returncode, done.stdout, done.stderr)

    def tail(self) -> tuple[bytes, bytes]:
        """What it printed."""
        done = self._engine.run("logs", self.id)
        return done.stdout, done.stderr

    def _started(self) -> int:
        """Its pid, once it runs: an engine starts one that ended at once again and again. 0 for a job that is
        done already."""
        deadline = time.monotonic() + _START_S
        while not (pid := int((state := self._state())["Pid"])):
            if state["Status"] == "exited" and not state["ExitCode"]:
                return 0
            if time.monotonic() > deadline or not (state.get("Restarting") or state["Status"] == "created"):
                raise ApplicationError(
                    f"it ended with exit code {state['ExitCode']}: {_last_line(b''.join(self.tail()))}"
                )
            time.sleep(_PAUSE_S)
        return pid

    def _state(self) -> dict[str, Any]:
        done = self._engine.run("container", "inspect", "--format", "{{json .State}}", self.id)
        if done.returncode:
            raise HostError(f"the engine does not know the container {self.id}: {_last_line(done.stderr)}")
        state: dict[str, Any] = json.loads(done.stdout)
        return state


Write = Callable[[Deployment], Mapping[str, str]]
"""Writes the files of a deployment."""


def prove(write: Write, deployment: Deployment, bench: Bench) -> tuple[Proof, ...]:
    """The workload in each engine that is here, under the manifests that `write` gives for `deployment`."""
    if bench.baseline.scene.spec.fresh_network is not None:
        alone = "the manifests hold this service alone, and it needs the others of its compose file"
        return (Proof(where="docker compose", passed=None, detail=alone),)
    name = f"jettison-{secrets.token_hex(6)}"
    renamed = structs.replace(deployment, service=structs.replace(deployment.service, name=name))
    return (
        _proof("docker compose", _compose, write, renamed, bench),
        _proof("podman kube play", _kube, write, renamed, bench),
    )


Start = Callable[[Path, Deployment, Outputs, Journal], AbstractContextManager["EngineContainer"]]


class _NotHereError(Exception):
    """Why an engine cannot be tried."""


def _proof(where: str, start: Start, write: Write, deployment: Deployment, bench: Bench) -> Proof:
    with bench.journal.temporary() as folder, bench.journal.temporary() as copies:
        try:
            copied, outputs = _with_copies(deployment, copies)
            for name, content in write(copied).items():
                (folder / name).write_text(_HOST_PORT.sub(r"127.0.0.1::\1", content))
            with start(folder, deployment, outputs, bench.journal) as container:
                differences = bench.drive(container)
        except _NotHereError as reason:
            return Proof(where=where, passed=None, detail=str(reason))
        except ApplicationError as error:
            return Proof(where=where, passed=False, steps=bench.steps, detail=str(error))
        except HostError as error:
            return Proof(where=where, passed=None, detail=f"not tried: {error}")
    told = "; ".join(f"{each.step}: {each.what}" for each in differences[:3])
    return Proof(where=where, passed=not differences, steps=bench.steps, detail=told)


def _with_copies(deployment: Deployment, folder: Path) -> tuple[Deployment, Outputs]:
    """`deployment` with copies in `folder` of all that it may write, and what it writes there."""
    mounts, copies = list[Mounted](), dict[str, Path]()
    for number, mount in enumerate(deployment.service.mounts):
        if mount.read_only or mount.kind is MountKind.SPECIAL:
            mounts.append(mount)
            continue
        copy = copies[mount.path] = folder / str(number)
        _copy(Path(mount.source), copy)
        mounts.append(structs.replace(mount, source=str(copy)))
    return structs.replace(
        deployment, service=structs.replace(deployment.service, mounts=tuple(mounts))
    ), Outputs(copies)


def _copy(source: Path, target: Path) -> None:
    """`source` with owners, permissions and links as they are; raises HostError."""
    if _size(source) > MAX_COPY_BYTES:
        raise HostError(f"{source} is too large to be copied for it")
    done = subprocess.run(
        ["cp", "--archive", "--reflink=auto", "--no-target-directory", source, target],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise HostError(f"cannot copy {source}: {_last_line(done.stderr)}")


def _size(source: Path) -> int:
    """Bytes of all files in `source`."""
    found = source.lstat().st_size
    for current, _, names in os.walk(source):
        found += sum(os.lstat(os.path.join(current, name)).st_size for name in names)
    return found


@contextmanager
def _compose(
    folder: Path, deployment: Deployment, outputs: Outputs, journal: Journal
) -> Iterator[EngineContainer]:
    try:
        tool = find_tool()
    except HostError as error:
        raise _NotHereError(str(error)) from error
    engine = Engine(program=tool.engine, environment=tool.environment)
    if engine.run("image", "inspect", deployment.service.image).returncode:
        raise _NotHereError(f"{tool.engine} has no image {deployment.service.image}")
    name = deployment.service.name
    project = Project(engine=tool.engine, host=tool.environment.get("DOCKER_HOST", ""), name=name)
    compose = Engine(program=tool.command[0], environment=tool.environment, folder=folder)
    base = (*tool.command[1:], "--project-name", name, "--file", "compose.yaml")
    with journal.holding(project):
        done = compose.run(*base, "up", "--detach", "--no-build", timeout=COMPOSE_TIMEOUT_S)
        if done.returncode:
            raise HostError(f"compose could not start it: {_last_line(done.stderr)}")
        listed = compose.run(*base, "ps", "--quiet", name).stdout.split()
        if not listed:
            raise HostError("compose started no container")
        yield EngineContainer(engine, listed[0].decode(), outputs)


@contextmanager
def _kube(
    folder: Path, deployment: Deployment, outputs: Outputs, journal: Journal
) -> Iterator[EngineContainer]:
    podman = _program("podman")
    if podman.run("image", "exists", deployment.service.image).returncode:
        raise _NotHereError(f"podman has no image {deployment.service.image}")
    name = deployment.service.name
    manifest = folder / "podman.yaml"
    with journal.holding(Pod(name)):
        done = podman.run(
            *("kube", "play", "--seccomp-profile-root", str(folder), str(manifest)),
            timeout=COMPOSE_TIMEOUT_S,
        )
        if done.returncode:
            raise HostError(f"podman could not play it: {_last_line(done.stderr)}")
        listed = podman.run("ps", "--all", "--quiet", "--no-trunc", "--filter", f"name={name}").stdout.split()
        if not listed:
            raise HostError("podman started no container")
        yield EngineContainer(podman, listed[0].decode(), outputs)


def _program(name: str) -> Engine:
    path = shutil.which(name)
    if path is None:
        raise _NotHereError(f"{name} is not installed")
    engine = Engine(program=path, environment=os.environ)
    if engine.run("info").returncode:
        raise _NotHereError(f"no {name} engine answers")
    return engine


def _last_line(text: bytes) -> str:
    lines = text.decode(errors="replace").strip().splitlines()
    return printable(lines[-1][:200]) if lines else "it gave no reason"
