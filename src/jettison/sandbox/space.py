"""A mount namespace of its own for the mounts of one run.

Everything that jettison mounts is mounted here and never on the host: when the run ends, or jettison is
killed, the kernel takes the mounts away with the namespace. So there is no mount to leak, and none that
another program's namespace could catch and keep busy.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from jettison.errors import HostError
from jettison.linux.mount import mount
from jettison.linux.namespaces import private_mounts

_UNIFIED: Final = Path("/sys/fs/cgroup/unified")
"""The empty v2 hierarchy of hosts with hybrid control groups. crun refuses to work as soon as it sees it, and
works with the v1 hierarchies when it does not."""
P = ParamSpec("P")
T = TypeVar("T")


class MountSpace:
    """A thread in a mount namespace of its own; what it starts inherits the namespace."""

    def __init__(self, executor: ThreadPoolExecutor) -> None:
        self._executor = executor
        thread = self.run(threading.get_native_id)
        self._root = Path(f"/proc/{os.getpid()}/task/{thread}/root")

    def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call `function` inside; its result or its exception is the caller's."""
        return self._executor.submit(function, *args, **kwargs).result()

    def seen(self, path: Path) -> Path:
        """The name by which the rest of this process reaches `path` (absolute) as it is inside."""
        return self._root / path.relative_to("/")


@contextmanager
def mount_space() -> Iterator[MountSpace]:
    """A new MountSpace; on leaving, its mounts go. Raises HostError where the host does not allow it."""
    executor = ThreadPoolExecutor(1, thread_name_prefix="mounts")
    try:
        try:
            executor.submit(_set_up).result()
        except OSError as error:
            raise HostError(
                f"this process may not have mounts of its own: {error.strerror}",
                hint="run as root, or install the package uidmap and allow user namespaces",
            ) from error
        yield MountSpace(executor)
    finally:
        executor.shutdown()


def _set_up() -> None:
    private_mounts()
    if _UNIFIED.is_dir():
        mount("tmpfs", _UNIFIED, "tmpfs", options="size=64k,mode=700")
