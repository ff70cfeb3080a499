"""An application that runs, is ready, and can be asked."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from jettison.errors import ApplicationError
from jettison.sandbox.journal import Journal
from jettison.sandbox.rootfs import mounted
from jettison.sandbox.sandbox import Sandbox, sandbox
from jettison.verify.replay import Scene
from jettison.workload.client import Answer, fetch
from jettison.workload.endpoint import Endpoint
from jettison.workload.inside import Inside
from jettison.workload.ready import wait_ready
from jettison.workload.steps import HttpRequest

_PATIENCE_S = 1.0
"""A probe that takes longer is none: Kubernetes gives one second."""
_LATE = 3
"""So often an endpoint may let a question time out; a proxy without its backend does so with all of them."""


@dataclass(frozen=True)
class Live:
    """A running application."""

    scene: Scene
    box: Sandbox
    inside: Inside
    endpoints: tuple[Endpoint, ...]
    """Where it listens, best first."""
    upper: Path
    """What it changes in its root file system."""
    _late: Counter[Endpoint] = field(default_factory=Counter)

    @property
    def web(self) -> tuple[Endpoint, ...]:
        """Those that speak HTTP."""
        return tuple(endpoint for endpoint in self.endpoints if endpoint.scheme.web)

    def get(
        self, endpoint: Endpoint, path: str, *, host: str = "", timeout: float = _PATIENCE_S
    ) -> tuple[Answer, float]:
        """The answer to a GET of `path`, and the seconds it took; `host` replaces the Host header.

        An endpoint that was late a few times is not asked any more.
        """
        if self._late[endpoint] >= _LATE:
            return Answer(error="timed out"), 0.0
        request = HttpRequest(path=path, headers=(("Host", host),) if host else ())
        begin = time.monotonic()
        answer = self.inside.call(fetch, endpoint, request, timeout=timeout)
        self._late[endpoint] += answer.error == "timed out"
        return answer, time.monotonic() - begin


@dataclass(frozen=True)
class Started:
    """A container that was just started."""

    box: Sandbox
    upper: Path
    """What it changes in its root file system."""


@contextmanager
def started(scene: Scene, journal: Journal) -> Iterator[Started]:
    """The container of `scene`, just started; nothing of it is left on leaving. Raises as
    `verify.replay.replay`."""
    with ExitStack() as stack:
        work = stack.enter_context(journal.temporary())
        root = stack.enter_context(
            mounted(scene.folders, workdir=work, journal=journal, mountpoints=scene.spec.mountpoints)
        )
        box = stack.enter_context(sandbox(scene.spec, root, journal=journal, workdir=work))
        yield Started(box, root.upper)


@contextmanager
def live(scene: Scene, journal: Journal) -> Iterator[Live]:
    """The application of `scene` once it is ready. Raises ApplicationError when it does not become so."""
    with started(scene, journal) as begun, Inside(begun.box.netns) as inside:
        ready = wait_ready(scene.workload, begun.box, inside)
        if ready.exit is not None:
            raise ApplicationError(f"the application ended with exit code {ready.exit.code} at its start")
        if ready.error:
            raise ApplicationError(f"the application did not become ready: {ready.error}")
        yield Live(scene, begun.box, inside, ready.endpoints, begun.upper)
