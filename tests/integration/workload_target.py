"""A process in network and PID namespaces of its own, seen as the workload sees a container."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from jettison.sandbox.outputs import Outputs


@dataclass(frozen=True)
class Exit:
    code: int


@dataclass(frozen=True)
class ExecResult:
    exit_code: int
    stdout: bytes
    stderr: bytes
    timed_out: bool = False


@dataclass
class NamespaceTarget:
    """Implements `jettison.workload.target.Target` with unshare(1) and nsenter(1)."""

    process: subprocess.Popen[bytes]
    log: Path
    outputs: Outputs = field(default_factory=Outputs)
    id: str = "test-container"

    @property
    def pid(self) -> int:
        deadline = time.monotonic() + 5
        while self.process.poll() is None and time.monotonic() < deadline:
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            if children:
                return int(children[0])
            time.sleep(0.002)
        return self.process.pid

    @property
    def netns(self) -> Path:
        return Path(f"/proc/{self.pid}/ns/net")

    def poll(self) -> Exit | None:
        code = self.process.poll()
        return None if code is None else Exit(code if code >= 0 else 128 - code)

    def exec(self, argv: Sequence[str], *, timeout: float) -> ExecResult:
        command = ["nsenter", "-t", str(self.pid), "-n", "-p", "--", *argv]
        try:
            done = subprocess.run(command, capture_output=True, timeout=timeout, check=False)
        except subprocess.TimeoutExpired as late:
            return ExecResult(137, late.stdout or b"", late.stderr or b"", timed_out=True)
        return ExecResult(done.returncode, done.stdout, done.stderr)

    def tail(self) -> tuple[bytes, bytes]:
        return self.log.read_bytes(), b""


@contextmanager
def running(folder: Path, *argv: str, outputs: dict[str, Path] | None = None) -> Iterator[NamespaceTarget]:
    """`argv` with loopback up, in namespaces of its own; everything in them dies at the end."""
    written = Outputs(outputs or {})
    ready = folder / "namespace-ready"
    ready.unlink(missing_ok=True)
    log = folder / "output.log"
    script = 'ip link set lo up; touch "$0"; exec "$@"'
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["unshare", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", script, str(ready), *argv],
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=folder,
        )
    while not ready.exists() and process.poll() is None:
        time.sleep(0.002)
    try:
        yield NamespaceTarget(process, log, written)
    finally:
        process.kill()
        process.wait()


@contextmanager
def python(folder: Path, source: str, *, outputs: dict[str, Path] | None = None) -> Iterator[NamespaceTarget]:
    """The Python program `source` as the application."""
    program = folder / "app.py"
    program.write_text(source)
    with running(folder, sys.executable, "-u", str(program), outputs=outputs) as target:
        yield target


def namespaces_of(kind: str) -> set[str]:
    """All namespaces of one kind that some process is in."""
    found = set()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                found.add(os.readlink(f"/proc/{entry}/ns/{kind}"))
            except OSError:
                continue
    return found
