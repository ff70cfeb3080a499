"""A running container: start, watch, exec, stop, and an end of which nothing is left."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from jettison.errors import HostError
from jettison.linux.process import ChildProcess, become_subreaper
from jettison.sandbox.bundle import process, write_bundle
from jettison.sandbox.cgroup import Cgroup, Usage
from jettison.sandbox.journal import Journal
from jettison.sandbox.launcher import Launcher
from jettison.sandbox.mounts import mount_sources
from jettison.sandbox.oci import Runtime
from jettison.sandbox.output import Output
from jettison.sandbox.outputs import Outputs
from jettison.sandbox.process import ExecResult, Exit, StopResult
from jettison.sandbox.rootfs import Rootfs
from jettison.sandbox.rootless import possible
from jettison.sandbox.runtime import find_runtime
from jettison.sandbox.shield import uninterrupted
from jettison.sandbox.spec import RunSpec
from jettison.sandbox.users import resolve_user

__all__ = ["ExecResult", "Exit", "Sandbox", "StopResult", "sandbox"]

_LAST_OUTPUT_S: Final = 1.0
"""How long reading what was printed last may take; nothing in the container is left that could print more."""


class Sandbox:
    """A container that runs."""

    def __init__(
        self,
        *,
        spec: RunSpec,
        launcher: Launcher,
        main: ChildProcess,
        output: Output,
        outputs: Outputs,
    ) -> None:
        self.output = output
        """What the main process prints."""
        self.outputs = outputs
        """Writable mounts, with the upper folder (or copied file) that holds what the run wrote there."""
        self.started_at = time.monotonic()
        """When the application's program was started, on the clock of `time.monotonic`."""
        self._spec = spec
        self._launcher = launcher
        self._main = main
        self._cgroup = Cgroup(launcher.id)
        self._cgroup.forget_peak()

    @property
    def id(self) -> str:
        """Name of the container."""
        return self._launcher.id

    @property
    def pid(self) -> int:
        """Host pid of the main process."""
        return self._main.pid

    @property
    def netns(self) -> Path:
        """Its network namespace, as a file that setns(2) takes while it runs."""
        return Path(f"/proc/{self.pid}/ns/net")

    def tail(self) -> tuple[bytes, bytes]:
        """What stdout and stderr of the main process hold so far (their last part)."""
        return self.output.stdout, self.output.stderr

    def poll(self) -> Exit | None:
        """How the main process ended, or None while it runs. ApplicationError when it could not even be
        executed."""
        return self.wait(0)

    def wait(self, timeout: float | None) -> Exit | None:
        """As `poll`, after up to `timeout` seconds (None: as long as it runs)."""
        status = self._main.wait(timeout)
        if status is None:
            return None
        if status == 1:
            self._launcher.check_executed(self.output)
        return Exit.of(status, oom=self._cgroup.out_of_memory())

    def signal(self, number: int) -> None:
        """Send a signal to the main process; nothing happens when it has ended."""
        self._main.signal(number)

    def stop(self, number: int | None = None, grace_s: float | None = None) -> StopResult:
        """Stop as `docker stop` does: the stop signal, then after the grace SIGKILL; both default to the
        spec's."""
        begin = time.monotonic()
        self.signal(self._spec.stop_signal if number is None else number)
        killed = self._main.wait(self._spec.stop_timeout if grace_s is None else grace_s) is None
        if killed:
            self.kill()
        ended = Exit.of(self._main.wait(0) or 0, oom=self._cgroup.out_of_memory())
        return StopResult(ended, time.monotonic() - begin, killed)

    def kill(self) -> None:
        """End every process of the container."""
        self._launcher.end()

    def frozen(self) -> AbstractContextManager[bool]:
        """Let every process stand still, unnoticed, while in this context; gives whether they do."""
        return self._cgroup.frozen()

    def usage(self) -> Usage:
        """What all processes together used so far."""
        return self._cgroup.usage()

    def pids(self) -> set[int]:
        """Host pids of all its processes; where there are no control groups, of the main one alone."""
        return self._cgroup.pids() or {self.pid}

    def out_of_memory(self) -> bool:
        """Whether the kernel has killed a process of it for want of memory."""
        return self._cgroup.out_of_memory()

    def exec(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
        cwd: str | None = None,
        timeout: float,
    ) -> ExecResult:
        """Run a further command inside, as `docker exec` does, for at most `timeout` seconds; then all of it
        is killed.

        Raises ApplicationError when the container does not run any more.
        """
        who = None if user is None else possible(resolve_user(self._spec.tree, user))
        section = process(self._spec, argv=tuple(argv), env=env, user=who, cwd=cwd)
        return self._launcher.exec(section, timeout)


@contextmanager
def sandbox(spec: RunSpec, rootfs: Rootfs, *, journal: Journal, workdir: Path) -> Iterator[Sandbox]:
    """Run `spec` in `rootfs`. On leaving, however, everything in it is killed and nothing of it is left.

    Raises HostError when this host cannot run containers, ApplicationError when the program cannot be
    executed.
    """
    become_subreaper()
    runtime = find_runtime()
    with ExitStack() as stack:
        try:
            box = stack.enter_context(_running(spec, rootfs, runtime, journal, workdir))
        except HostError:
            if not runtime.cgroups:
                raise
            # within another container, groups can often be made and not be used
            runtime = replace(runtime, cgroups=False)
            box = stack.enter_context(_running(spec, rootfs, runtime, journal, workdir))
        yield box


@contextmanager
def _running(
    spec: RunSpec, rootfs: Rootfs, runtime: Runtime, journal: Journal, workdir: Path
) -> Iterator[Sandbox]:
    if not runtime.cgroups:
        spec = _without_groups(spec)
    with ExitStack() as stack:
        folder = stack.enter_context(journal.temporary(workdir))
        sources, uppers = mount_sources(spec.mounts, rootfs.space, folder)
        launcher = Launcher(runtime, rootfs.space, folder)
        write_bundle(
            folder, spec, root=rootfs.mountpoint, name=launcher.id, sources=sources, cgroups=runtime.cgroups
        )
        stack.enter_context(journal.holding(launcher.record()))
        output = Output()
        stack.callback(_close, launcher, output)
        main = launcher.create(output)
        box = Sandbox(spec=spec, launcher=launcher, main=main, output=output, outputs=Outputs(uppers))
        launcher.start()
        box.started_at = time.monotonic()
        yield box


def _without_groups(spec: RunSpec) -> RunSpec:
    """What stands in for control groups: no device file can be made, since nothing limits which may be
    opened, and processes are limited by user."""
    capabilities = tuple(name for name in spec.capabilities if name != "CAP_MKNOD")
    return replace(spec, capabilities=capabilities, processes_of_user=spec.pids)


def _close(launcher: Launcher, output: Output) -> None:
    """End every process of the container, and read the last of what it printed."""
    with uninterrupted():
        try:
            launcher.end()
        finally:
            output.finish(_LAST_OUTPUT_S)
            output.close()
            launcher.release()
