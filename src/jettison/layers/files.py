"""Files that appear complete or not at all, and the folder where this program keeps what it can make
again."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import secrets
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from jettison.cache import cache_folder
from jettison.errors import HostError, LimitError, UsageError

_CHUNK = 1 << 20
_HINTS = {
    errno.ENOSPC: "free some space there, or write somewhere else",
    errno.EDQUOT: "free some space there, or write somewhere else",
    errno.EROFS: "write somewhere else",
    errno.EACCES: "run as a user who may write there, or write somewhere else",
    errno.EPERM: "run as a user who may write there, or write somewhere else",
}


def host_error(error: OSError, what: str) -> HostError:
    """`error` as a sentence about `what`, with the remedy where there is one."""
    return HostError(f"{what}: {error.strerror or error}", hint=_HINTS.get(error.errno or 0, ""))


@contextmanager
def host_errors(what: str) -> Iterator[None]:
    """Turn an OSError of the block into a `HostError` about `what`."""
    try:
        yield
    except OSError as error:
        raise host_error(error, what) from None


@contextmanager
def new_file(path: Path, *, replace: bool = True, durable: bool = True) -> Iterator[BinaryIO]:
    """A file to write that appears as `path` when the block ends without an error, and not before.

    It has no name until then, so that even a killed process leaves nothing. With `durable` it is on the
    disk by the time it appears. Without `replace` a file that is already there stays, and `UsageError` is
    raised. Raises `HostError` when the disk is full or the folder cannot be written.
    """
    with host_errors(f"cannot write {path}"), _opened_folder(path.parent) as folder:
        descriptor, temporary = _unnamed(path.parent)
        try:
            with open(descriptor, "wb", buffering=1 << 16) as stream:
                yield stream
                stream.flush()
                os.fchmod(stream.fileno(), 0o666 & ~_umask())
                if durable:
                    os.fsync(stream.fileno())
                _appear(temporary or f"/proc/self/fd/{stream.fileno()}", folder, path, replace=replace)
            if durable:
                os.fsync(folder)
        finally:
            if temporary:
                os.unlink(temporary)


@contextmanager
def temporary_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A folder in `parent` that is gone afterwards, unless it was renamed; raises OSError.

    It is locked while this process lives, and `sweep_folders` removes those of processes that were killed.
    """
    path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    with _folder_lock(path):
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)


def sweep_folders(parent: Path, prefix: str) -> None:
    """Remove the temporary folders that killed processes left in `parent`."""
    for path in parent.glob(f"{prefix}*"):
        with suppress(OSError), _folder_lock(path, fcntl.LOCK_NB):
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def locked_folder(path: Path) -> Iterator[None]:
    """Hold the lock of the folder `path`, waiting for it; raises OSError."""
    with _folder_lock(path):
        yield


def sync_folder(path: Path) -> None:
    """Make the names in the folder `path` durable; raises OSError."""
    with _opened_folder(path) as descriptor:
        os.fsync(descriptor)


@contextmanager
def _folder_lock(path: Path, flags: int = 0) -> Iterator[None]:
    with _opened_folder(path) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX | flags)
        yield


@contextmanager
def _opened_folder(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class Handle:
    """An open descriptor, closed when nobody refers to it any more."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        weakref.finalize(self, os.close, descriptor)

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor


def spool(source: io.RawIOBase | BinaryIO, limit: int, what: str) -> Handle:
    """The bytes of `source` in an anonymous file on a disk (not in memory, as /tmp may be).

    Raises `LimitError` if there are more than `limit`, `HostError` if the disk is full.
    """
    with _anonymous() as (folder, target):
        size = 0
        while piece := source.read(_CHUNK):
            size += len(piece)
            if size > limit:
                raise LimitError(f"{what} has more than {limit} bytes")
            with host_errors(f"cannot keep {what} in {folder}"):
                target.write(piece)
        return Handle(os.dup(target.fileno()))


@contextmanager
def _anonymous() -> Iterator[tuple[Path, io.FileIO]]:
    folder = cache_folder("spool") or Path(tempfile.gettempdir())
    with host_errors(f"cannot write in {folder}"):
        target = tempfile.TemporaryFile(dir=folder, buffering=0)
    with target:
        yield folder, target


def _unnamed(folder: Path) -> tuple[int, str]:
    """A new file in `folder`: its descriptor, and the temporary name it has where files without one are
    unknown."""
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600), ""
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL):
            raise
        return tempfile.mkstemp(prefix=".jettison-", dir=folder)


def _appear(source: str, folder: int, path: Path, *, replace: bool) -> None:
    """Give the file `source`, perhaps a link in /proc, the name of `path` in `folder`.

    Python calls linkat(2), which alone can follow that link, only if it is given a folder.
    """
    try:
        os.link(source, path.name, dst_dir_fd=folder, follow_symlinks=True)
        return
    except FileExistsError:
        if not replace:
            hint = "choose another name, or remove it first"
            raise UsageError(f"{path} exists already", hint=hint) from None
    beside = f".jettison-{os.getpid()}-{secrets.token_hex(8)}"
    os.link(source, beside, dst_dir_fd=folder, follow_symlinks=True)
    os.rename(beside, path.name, src_dir_fd=folder, dst_dir_fd=folder)


def _umask() -> int:
    """The umask of this process; Linux shows it without the race of setting it."""
    with open("/proc/self/status", "rb") as status:
        for line in status:
            if line.startswith(b"Umask:"):
                return int(line.split()[1], 8)
    return 0o077
