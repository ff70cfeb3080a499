"""What the journal can undo."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path
from typing import TypeAlias

import msgspec

from jettison.limits import COMPOSE_TIMEOUT_S
from jettison.linux.process import kill_by_arguments, pid_namespace, reap
from jettison.sandbox.cgroup import Cgroup
from jettison.sandbox.oci import Runtime, RuntimeKind, call
from jettison.sandbox.project import Project
from jettison.sandbox.remove import remove_folder
from jettison.sandbox.space import mount_space


class Folder(msgspec.Struct, tag="folder", frozen=True, omit_defaults=True):
    """A folder that was made, with a random name; nothing of another (device, inode) is ever removed."""

    path: str
    device: int = 0
    inode: int = 0
    """0 until the folder was made."""

    @classmethod
    def existing(cls, path: Path) -> Folder:
        """The record of a folder that is there."""
        info = path.lstat()
        return cls(os.fspath(path), info.st_dev, info.st_ino)

    def undo(self) -> None:
        """Remove it; raises OSError."""
        if self.inode:
            remove_folder(Path(self.path), identity=(self.device, self.inode))
        elif (path := Path(self.path)).is_dir():
            path.rmdir()

    recover = undo

    def describe(self) -> str:
        """For people."""
        return f"folder {self.path}"


class Container(msgspec.Struct, tag="container", frozen=True):
    """A container of an OCI runtime and its control groups."""

    id: str
    kind: RuntimeKind
    runtime: str
    """Path of the runtime's program."""
    cgroups: bool
    folder: str
    """The runtime's state and log are in here."""

    def undo(self) -> None:
        """Kill what is in it and remove its groups; raises OSError. The runtime's state goes with the
        folder."""
        group = Cgroup(self.id)
        namespaces = {pid_namespace(pid) for pid in group.pids()} - {pid_namespace(os.getpid())}
        group.kill(between=lambda: reap(namespaces))
        reap(namespaces)
        if not self.cgroups:
            self._forget()
        group.remove()

    def recover(self) -> None:
        """Undo what a killed process left, perhaps in the middle of a call of the runtime; raises OSError."""
        kill_by_arguments(b"--root", os.fsencode(f"{self.folder}/state"))
        self.undo()

    def _forget(self) -> None:
        """Let the runtime kill what it started, and remove groups of its own choice: nobody else knows
        them."""
        folder = Path(self.folder)
        if not (folder / "state" / self.id).exists():
            return
        runtime = Runtime(kind=self.kind, path=Path(self.runtime), version="", cgroups=False)
        log = folder / "delete.log"
        with mount_space() as space:
            space.run(call, runtime.command(folder, log, "delete", "--force", self.id), log=log)

    def describe(self) -> str:
        """For people."""
        return f"container {self.id}"


class Pod(msgspec.Struct, tag="pod", frozen=True):
    """A pod that `podman kube play` made for us, and its volumes, under a random name."""

    name: str
    """Of the Pod or Deployment; pods and volumes are named after it."""

    def undo(self) -> None:
        """Remove it; raises OSError."""
        names = (self.name, f"{self.name}-pod", f"{self.name}-pod-0")
        _podman("pod", "rm", "--force", "--ignore", *names)
        volumes = _podman("volume", "ls", "--quiet", "--filter", f"name={self.name}").split()
        if volumes:
            _podman("volume", "rm", "--force", *volumes)

    recover = undo

    def describe(self) -> str:
        """For people."""
        return f"pod {self.name}"


def _podman(*arguments: str) -> str:
    """What Podman says; raises OSError when it fails."""
    try:
        done = subprocess.run(
            ["podman", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMPOSE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise OSError(errno.ETIMEDOUT, "podman did not answer") from None
    if done.returncode:
        raise OSError(errno.EIO, done.stderr.strip()[-300:])
    return done.stdout


Record: TypeAlias = Folder | Container | Project | Pod
