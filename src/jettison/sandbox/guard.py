"""An end for a container whose owner is gone."""

from __future__ import annotations

import os
import subprocess
from typing import Final

from jettison.sandbox.oci import CLEAN_ENVIRONMENT

_SCRIPT: Final = 'read _; kill -9 "$1"'


class Guard:
    """Kills `pid` as soon as this process has ended, however it ended.

    It is a shell that waits for the end of a pipe which only this process holds open. What else was left is
    undone by the next process that looks into the journal; but until then no application runs that nobody
    watches.
    """

    def __init__(self, pid: int) -> None:
        reader, self._writer = os.pipe2(os.O_CLOEXEC)
        try:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _SCRIPT, "jettison-guard", str(pid)],
                stdin=reader,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=CLEAN_ENVIRONMENT,
                cwd="/",
                process_group=0,
            )
        finally:
            os.close(reader)

    def close(self) -> None:
        """Give up guarding; to be called before the status of the process is taken, which frees its
        number."""
        self._process.kill()
        self._process.wait()
        os.close(self._writer)
