"""One look into every file that is worth it: secrets, certificates, defences of programs, digests.

Files are read once, by as many processes as there are processors; a child inherits the open layer folders,
and sends back only what it found.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import BinaryIO, Final

from msgspec import Struct

from jettison.errors import JettisonError
from jettison.inspect import secrets
from jettison.inspect.certificates import Certificate, certificates
from jettison.inspect.hardening import Defences, defences
from jettison.layers.tree import FileTree
from jettison.packages.binary import MAGIC

MAX_TEXT_BYTES: Final = 64 << 20
"""How much of one text is searched; logs may be longer."""
_HEAD: Final = 8192
"""How much is looked at to tell text from binary data, as git and grep do."""
_BATCH: Final = 500
_FEW: Final = 1000
"""Files that are not worth another process."""
_COMPILED: Final = (b".pyc", b".class")
"""Binary files whose constants are text of the owner's."""


class Job(Struct, frozen=True, gc=False):
    """A file to look into."""

    layer: int
    path: bytes
    size: int
    offset: int
    """Of its content in the tar."""
    search: bool
    """For secrets and certificates."""
    program: bool
    """It may be an ELF file whose defences matter."""
    digest: bool


class Seen(Struct, frozen=True):
    """What was found in a file."""

    layer: int
    path: bytes
    secrets: tuple[secrets.Match, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    defences: Defences | None = None
    digest: bytes = b""
    """sha256, raw."""
    problem: str = ""


def examine(jobs: Sequence[Job], tree: FileTree) -> list[Seen]:
    """Look into all of `jobs`; those in which nothing was found are left out. The order is that of `jobs`.

    Raises `HostError` or `RefusedError` if a layer as a whole cannot be opened.
    """
    for layer in sorted({job.layer for job in jobs}):
        tree.content(layer)  # before processes are forked that share it
    workers = min(os.cpu_count() or 1, 4)
    if len(jobs) < _FEW or workers < 2:
        return list(_look_into(jobs, tree))
    batches = [jobs[at : at + _BATCH] for at in range(0, len(jobs), _BATCH)]
    # The folders are inherited, which only fork does; nothing here has started a thread.
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(workers, context, initializer=_share, initargs=(tree,)) as pool:
        return [seen for found in pool.map(_batch, batches) for seen in found]


_shared: list[FileTree] = []


def _share(tree: FileTree) -> None:
    _shared[:] = [tree]


def _batch(jobs: Sequence[Job]) -> list[Seen]:
    return list(_look_into(jobs, _shared[0]))


def _look_into(jobs: Iterable[Job], tree: FileTree) -> Iterator[Seen]:
    for job in jobs:
        try:
            with tree.content(job.layer).stream(job.path, job.size, job.offset) as stream:
                seen = _look(job, stream)
        except (JettisonError, OSError) as error:
            seen = Seen(job.layer, job.path, problem=str(error))
        if seen is not None:
            yield seen


def _look(job: Job, stream: BinaryIO) -> Seen | None:
    head = stream.read(_HEAD)
    is_elf = head.startswith(MAGIC)
    found: tuple[secrets.Match, ...] = ()
    held: tuple[Certificate, ...] = ()
    if job.search and not is_elf and (b"\0" not in head or job.path.endswith(_COMPILED)):
        text = head + stream.read(MAX_TEXT_BYTES - len(head)) if job.size > len(head) else head
        found = tuple(secrets.scan(text, job.path))
        held = tuple(certificates(text)) if b"BEGIN CERTIFICATE" in text else ()
    built = None
    if job.program and is_elf:
        stream.seek(0)
        built = defences(stream)
    digest = _digest(stream) if job.digest else b""
    if not (found or held or built or digest):
        return None
    return Seen(job.layer, job.path, found, held, built, digest)


def _digest(stream: BinaryIO) -> bytes:
    stream.seek(0)
    hashed = hashlib.sha256()
    while chunk := stream.read(1 << 20):
        hashed.update(chunk)
    return hashed.digest()
