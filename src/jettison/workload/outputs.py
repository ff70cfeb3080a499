"""Files that a batch job writes in its writable mounts: its answer, besides exit code and output."""

from __future__ import annotations

import os
import stat

from jettison.limits import BODY_BYTES
from jettison.sandbox.outputs import Outputs
from jettison.workload.responses import Collector, Content


def written(outputs: Outputs) -> dict[str, Content]:
    """Files that the run made or changed, with their content (`truncated` beyond `BODY_BYTES`)."""
    return {path: content for path, file in outputs.changed() if (content := _content(file)) is not None}


def _content(file: bytes) -> Content | None:
    try:
        fd = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None  # replaced in between
    collector = Collector()
    with os.fdopen(fd, "rb") as stream:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return None
        while collector.size <= BODY_BYTES and (data := stream.read(256 * 1024)):
            collector.feed(data)
    return collector.content(truncated=collector.size > BODY_BYTES)
