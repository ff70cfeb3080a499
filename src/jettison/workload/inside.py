"""Work inside the network namespace of a container, without publishing a port.

setns(2) moves one thread into a network namespace, and a child inherits the namespace of the thread that
forked it. Without root there is no way back into the host's namespace (it belongs to another user namespace),
so a thread of its own goes in and ends there.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from jettison.errors import HostError
from jettison.linux.namespaces import Namespace, enter, unshare

P = ParamSpec("P")
T = TypeVar("T")
_FAREWELL_S = 2.0
"""How long leaving waits for work that is under way; what is left dies with the container it talks to."""


class Inside:
    """A thread in the network namespace `netns`, entered at the first `call`, which runs a function there.

    When the namespace is gone because everything in it has ended, the thread is in an empty one instead: what
    it runs reaches no more than it would have.
    """

    def __init__(self, netns: Path) -> None:
        try:
            self._namespace: int | None = os.open(netns, os.O_RDONLY | os.O_CLOEXEC)
        except (FileNotFoundError, ProcessLookupError):
            self._namespace = None
        self._jobs: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self.cancelled = threading.Event()
        """Set when nobody waits for an answer any more; long work looks at it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancelled.set()
        self._jobs.put(None)
        if self._thread is not None:
            self._thread.join(_FAREWELL_S)
        if self._namespace is not None:
            os.close(self._namespace)

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`function(...)`, run inside; its exception is raised here. A signal interrupts the waiting, not the
        work.

        Raises HostError when this host does not let us in.
        """
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="jettison-inside", daemon=True)
            self._thread.start()
            self._submit(self._go_in).result()
        return self._submit(lambda: function(*args, **kwargs)).result()

    def _submit(self, work: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        self._jobs.put((future, work))
        return future

    def _go_in(self) -> None:
        try:
            if self._namespace is None:
                unshare(Namespace.NET)
            else:
                enter(f"/proc/self/fd/{self._namespace}", Namespace.NET)
        except OSError as error:
            raise HostError(
                f"cannot enter the container's network namespace: {error.strerror}",
                hint="run as root or in a user namespace; `jettison doctor` says what this host offers",
            ) from error

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, work = job
            try:
                future.set_result(work())
            except BaseException as error:  # the waiting thread raises it
                future.set_exception(error)
