"""Files that a batch job writes in its writable mounts: its answer, besides exit code and output."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from jettison.layers.path import encode_path
from jettison.limits import BODY_BYTES, MAX_OUTPUT_FILES
from jettison.workload.responses import Collector, Content

State = dict[str, tuple[int, int, int]]
"""Path in the container → inode, size, change time: what tells whether a file is still the same."""


def snapshot(outputs: Mapping[str, Path]) -> State:
    """The state of all files below the writable mounts."""
    return {path: _stamp(info) for path, _, info in _files(outputs)}


def written(outputs: Mapping[str, Path], before: State) -> dict[str, Content]:
    """Files that are new or changed since `before`, with their content (`truncated` beyond `BODY_BYTES`)."""
    return {
        path: content
        for path, file, info in _files(outputs)
        if before.get(path) != _stamp(info) and (content := _content(file)) is not None
    }


def _stamp(info: os.stat_result) -> tuple[int, int, int]:
    return info.st_ino, info.st_size, info.st_ctime_ns


def _files(outputs: Mapping[str, Path]) -> Iterator[tuple[str, bytes, os.stat_result]]:
    """Regular files only, links never followed: the folders are in the hands of the container."""
    count = 0
    for mount, folder in sorted(outputs.items()):
        root = os.fsencode(folder)
        if Path(folder).is_file():
            yield mount, root, os.stat(root)
            continue
        for current, folders, names in os.walk(root, followlinks=False):
            folders.sort()
            for name in sorted(names):
                file = os.path.join(current, name)
                info = os.lstat(file)
                if stat.S_ISREG(info.st_mode):
                    count += 1
                    if count > MAX_OUTPUT_FILES:
                        return
                    yield f"{mount.rstrip('/')}/{encode_path(os.path.relpath(file, root))}", file, info


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
