"""A root file system of a few of this host's own programs, and what is left of a sandbox on this host."""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jettison.sandbox.journal import Journal
from jettison.sandbox.rootfs import mounted
from jettison.sandbox.sandbox import Sandbox, sandbox
from jettison.sandbox.spec import RunSpec

PROGRAMS = (
    *(
        "sh",
        "cat",
        "chmod",
        "dd",
        "echo",
        "env",
        "head",
        "id",
        "ln",
        "ls",
        "mkdir",
        "mknod",
        "nproc",
        "pwd",
        "rm",
        "setsid",
    ),
    *("sleep", "stat", "touch", "tr", "true", "yes", "grep", "seq", "hostname", "readlink", "unshare"),
)
ENV = {"PATH": "/usr/bin:/bin"}


def make_root(folder: Path) -> None:
    """Fill `folder` with programs, the libraries they need, users and an ordinary set of folders."""
    for name in ("usr/bin", "etc", "root", "tmp", "proc", "sys", "dev", "home/app"):
        (folder / name).mkdir(parents=True)
    (folder / "tmp").chmod(0o1777)
    folder.chmod(0o755)
    (folder / "bin").symlink_to("usr/bin")
    for program in PROGRAMS:
        source = shutil.which(program)
        assert source, f"this host has no {program}"
        _copy(Path(source).resolve(), folder / "usr/bin" / program)
        for library in _libraries(source):
            _copy(library, folder / str(library).lstrip("/"))
    (folder / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n")
    (folder / "etc/group").write_text("root:x:0:\napp:x:1000:\nextra:x:1234:app\n")
    shutil.copy(folder / "usr/bin/id", folder / "usr/bin/setuid-id")
    (folder / "usr/bin/setuid-id").chmod(0o4755)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        shutil.copy(source, target)


def _libraries(program: str) -> list[Path]:
    listed = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    return [Path(path) for path in re.findall(r"(/\S+) \(0x", listed)]


@dataclass(frozen=True)
class Place:
    """Where the tests of one module run things."""

    layers: Sequence[Path]
    work: Path
    journal: Journal
    names: list[str] = field(default_factory=list)
    """Of all containers so far."""

    @contextmanager
    def run(self, *argv: str, layers: Sequence[Path] = (), **spec: Any) -> Iterator[Sandbox]:
        """A container of `argv` in the layers, with further ones on top."""
        wanted = RunSpec(argv=argv, **{"env": ENV, **spec})
        with (
            mounted(
                [*self.layers, *layers],
                workdir=self.work,
                journal=self.journal,
                mountpoints=wanted.mountpoints,
            ) as root,
            sandbox(wanted, root, journal=self.journal, workdir=self.work) as box,
        ):
            self.names.append(box.id)
            yield box

    def output(self, *argv: str, **spec: Any) -> str:
        """What a command prints that must succeed."""
        with self.run(*argv, **spec) as box:
            ended = box.wait(30)
            box.output.finish(5)
            assert ended is not None, "it does not end"
            assert ended.code == 0, (ended, box.tail())
            return box.output.stdout.decode()


def traces(work: Path, names: Iterable[str]) -> list[str]:
    """What the sandboxes `names` below `work` have left on this host: folders, mounts, groups, processes."""
    mounts = [line for line in Path("/proc/mounts").read_text().splitlines() if str(work) in line]
    roots = [Path("/sys/fs/cgroup"), *Path("/sys/fs/cgroup").glob("*/")]
    groups = [str(root / name) for root in roots for name in names if (root / name).exists()]
    processes = [
        f"{path.parent.name}: {command!r}"
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if str(work).encode() in (command := _read(path))
    ]
    return [*map(str, work.glob("jettison-*")), *mounts, *groups, *processes]


def running(mark: str) -> list[int]:
    """Processes that have `mark` in their command line."""
    listed = (path for path in Path("/proc").glob("[0-9]*/cmdline") if path.parent.name != str(os.getpid()))
    return sorted(int(path.parent.name) for path in listed if mark.encode() in _read(path))


def reap_adopted() -> None:
    """Take the status of what a killed process left, as the first process of a host would."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
