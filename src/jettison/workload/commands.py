"""Commands of the workload: inside the container, on the host in its network namespace, and the image's
healthcheck."""

from __future__ import annotations

import os
import selectors
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

from jettison.limits import OUTPUT_BYTES
from jettison.workload.endpoint import Endpoint
from jettison.workload.responses import Collector, Content, content_of
from jettison.workload.steps import Healthcheck, Workload
from jettison.workload.target import Target

_SLICE_S = 0.1
_DRAIN_S = 0.5
"""How long a pipe is read after its command ended: a child in the background may hold it open for ever."""
_HEALTH_PAUSE_S = 0.5


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    exit_code: int | None
    stdout: Content
    stderr: Content
    error: str = ""


def run_inside(target: Target, command: str, workload: Workload) -> Outcome:
    """`command` in the container: through its shell if it has one, else split into words as a shell would."""
    argv = [*workload.shell, command] if workload.shell else shlex.split(command)
    return _inside(target, argv, workload.run_timeout)


def run_healthcheck(target: Target, check: Healthcheck, shell: tuple[str, ...] | None) -> Outcome | None:
    """The image's healthcheck, tried as often as it says; None when it cannot be run (`NONE`, or no shell to
    run it)."""
    match check.test:
        case ("CMD", *argv) if argv:
            pass
        case ("CMD-SHELL", line, *_) if shell:
            argv = [*shell, line]
        case _:
            return None
    outcome = _inside(target, argv, check.timeout)
    for _ in range(check.retries - 1):
        if outcome.exit_code == 0 or target.poll() is not None:
            break
        time.sleep(_HEALTH_PAUSE_S)
        outcome = _inside(target, argv, check.timeout)
    return outcome


def _inside(target: Target, argv: list[str], timeout: float) -> Outcome:
    result = target.exec(argv, timeout=timeout)
    error = f"not done after {timeout:.0f} s" if result.timed_out else ""
    return Outcome(result.exit_code, content_of(result.stdout), content_of(result.stderr), error)


def host_environment(target: Target, endpoint: Endpoint | None) -> dict[str, str]:
    """The environment of a host command: ours, and where the application is (empty when it listens
    nowhere)."""
    return {
        **os.environ,
        "JETTISON_CONTAINER": target.id,
        "JETTISON_HOST": endpoint.address if endpoint else "",
        "JETTISON_PORT": str(endpoint.port) if endpoint else "",
        "JETTISON_URL": endpoint.url if endpoint else "",
    }


def run_on_host(
    command: str, env: Mapping[str, str], *, timeout: float, cancelled: threading.Event
) -> Outcome:
    """`command` by bash on this host. Call it in the container's network namespace: the child inherits that.

    At the most `OUTPUT_BYTES` of each output are kept; whatever it left running in its session is killed at
    its end.
    """
    with subprocess.Popen(
        [shutil.which("bash") or "/bin/sh", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        sinks = _Sink(process.stdout), _Sink(process.stderr)
        try:
            error = _drain(process.pid, sinks, timeout, cancelled)
        finally:
            # Before it is reaped: until then the number of its session belongs to nobody else.
            os.killpg(process.pid, signal.SIGKILL)
    code = process.returncode
    return Outcome(128 - code if code < 0 else code, sinks[0].content(), sinks[1].content(), error)


class _Sink:
    """One output of a command, read as it comes and kept within a bound."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self.pipe = pipe
        self._collector = Collector()
        self._cut = False

    def take(self) -> bool:
        """Take what is there; False at the end."""
        data = os.read(self.pipe.fileno(), 64 * 1024)
        room = OUTPUT_BYTES - self._collector.size
        self._cut = self._cut or len(data) > room
        self._collector.feed(data[:room])
        return bool(data)

    def content(self) -> Content:
        """Everything that was kept."""
        return self._collector.content(truncated=self._cut)


def _drain(pid: int, sinks: tuple[_Sink, _Sink], timeout: float, cancelled: threading.Event) -> str:
    """Read both pipes until the command has ended; why it did not end by itself, or an empty string."""
    deadline = time.monotonic() + timeout
    process = os.pidfd_open(pid)
    with selectors.DefaultSelector() as selector:
        try:
            selector.register(process, selectors.EVENT_READ)
            for sink in sinks:
                selector.register(sink.pipe, selectors.EVENT_READ, sink)
            while selector.get_map():
                for key, _ in selector.select(_SLICE_S):
                    if key.data is None:
                        deadline = time.monotonic() + _DRAIN_S  # ended: what is in the pipes is there already
                        selector.unregister(process)
                    elif not key.data.take():
                        selector.unregister(key.fileobj)
                if cancelled.is_set():
                    return "cancelled"
                if time.monotonic() > deadline:
                    return f"not done after {timeout:.0f} s" if process in selector.get_map() else ""
        finally:
            os.close(process)
    return ""
