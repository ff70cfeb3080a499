"""Running a program in a container under the observer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jettison.observe.evidence import Operation, WriteOperation
from jettison.observe.observer import Observer
from jettison.observe.trace import Trace
from jettison.sandbox.journal import Journal
from jettison.sandbox.rootfs import mounted
from jettison.sandbox.sandbox import Sandbox, sandbox
from jettison.sandbox.spec import RunSpec

PROBE = "/bin/probe"
ENOUGH = [PROBE, "calls", "64", "83,@/tmp/enough,0755"]
"""Makes the file that ends the busy program."""


@dataclass
class Watched:
    """What one observed run left."""

    trace: Trace
    code: int
    stdout: str
    written: dict[str, bytes] = field(default_factory=dict)
    """Files that the run left in the folder that was asked for, by name."""

    @property
    def paths(self) -> set[bytes]:
        return {lookup.path for lookup in self.trace.lookups}

    def how(self, path: str) -> tuple[Operation, bool, tuple[WriteOperation, ...]]:
        """Operation, whether a link is followed, and writes of the only look-up of `path`."""
        (one,) = {(e.operation, e.follow, e.writes) for e in self.trace.lookups if e.path == path.encode()}
        return one


@dataclass(frozen=True)
class Bench:
    """Where programs are run, watched or not."""

    layers: Sequence[Path]
    work: Path
    journal: Journal

    def run(self, *argv: str, folder: str = "none", **spec: Any) -> tuple[int, dict[str, bytes]]:
        """Run `argv` to its end unobserved, with further parts of the `spec`; its exit code, and the files
        that it left in `folder`, by name."""
        with self.journal.temporary() as work:
            whole = RunSpec(argv=argv, env={"PATH": "/usr/bin:/bin"}, **spec)
            with mounted(self.layers, workdir=work, journal=self.journal) as root:
                with sandbox(whole, root, journal=self.journal, workdir=work) as box:
                    ended = box.wait(60)
                    assert ended is not None, f"{argv} does not end: {box.tail()}"
                return ended.code, {path.name: path.read_bytes() for path in (root.upper / folder).glob("*")}

    def watch(
        self,
        *argv: str,
        during: Callable[[Sandbox, Observer], object] | None = None,
        folder: str = "none",
        **spec: Any,
    ) -> Watched:
        """Run `argv` to its end, with further parts of the `spec`; `during` is called while it runs."""
        with self.journal.temporary() as work, Observer(work) as observer:
            whole = RunSpec(argv=argv, env={"PATH": "/usr/bin:/bin"}, seccomp=observer.seccomp, **spec)
            with mounted(self.layers, workdir=work, journal=self.journal) as root:
                with sandbox(whole, root, journal=self.journal, workdir=work) as box:
                    if during is not None:
                        during(box, observer)
                    ended = box.wait(60)
                    box.output.finish(5)
                    assert ended is not None, f"{argv} does not end: {box.tail()}"
                written = {path.name: path.read_bytes() for path in (root.upper / folder).glob("*")}
            return Watched(observer.finish(), ended.code, box.output.stdout.decode(), written)


def until_busy(box: Sandbox) -> None:
    """Wait for the first thousand look-ups of the busy program."""
    while b"busy" not in box.tail()[0]:
        time.sleep(0.01)
