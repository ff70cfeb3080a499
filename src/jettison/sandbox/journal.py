"""The journal of what must be undone.

Every side effect outside this process is written down before it happens and crossed out after it was undone.
A journal belongs to one process, which holds a lock on it while it lives, however it ends. The next process
that starts finds the journals nobody holds and undoes what is left in them. What does not stand in a journal
is never touched.

A journal is a file of JSON lines: `{"id": 3, "record": {…}}` adds or replaces a record, `{"id": 3}` crosses
it out.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from jettison.errors import HostError
from jettison.layers.unpack import is_real_root
from jettison.limits import MAX_SMALL_FILE_BYTES
from jettison.sandbox.records import Folder, Record
from jettison.sandbox.shield import uninterrupted

_SUFFIX = ".journal"


class _Line(msgspec.Struct, omit_defaults=True):
    id: int
    record: Record | None = None


_decode = msgspec.json.Decoder(_Line).decode


def state_folder() -> Path:
    """Where journals and work folders live: `$XDG_STATE_HOME/jettison`, else `/var/lib/jettison` for root,
    else below home."""
    base = os.environ.get("XDG_STATE_HOME")
    if base and base.startswith("/"):
        return Path(base, "jettison")
    return Path("/var/lib/jettison") if is_real_root() else Path.home() / ".local/state/jettison"


class Journal:
    """This process's journal; a context manager that at its end undoes whatever is still open."""

    def __init__(self, folder: Path | None = None) -> None:
        """Raises HostError when `folder` (default: `state_folder()`) cannot be written."""
        self.state = folder or state_folder()
        self.folder = self.state / "journal"
        self._open: dict[int, Record] = {}
        self._last = 0
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path, self._fd = _create(self.folder)
        except OSError as error:
            raise HostError(
                f"cannot write the journal in {self.folder}: {error.strerror}",
                hint="set XDG_STATE_HOME to a writable folder",
            ) from error
        _close_in_children(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Undo what is open, newest first, and remove the journal file unless something could not be
        undone."""
        with uninterrupted():
            if self._fd < 0:
                return
            for number, record in reversed(self._open.copy().items()):
                with contextlib.suppress(OSError, HostError):
                    record.undo()
                    self._cross_out(number)
            if not self._open:
                self.path.unlink(missing_ok=True)
            os.close(self._fd)
            self._fd = -1

    @contextmanager
    def holding(self, record: Record) -> Iterator[None]:
        """Write `record` down; on leaving undo it and cross it out. Raises HostError when it cannot be
        undone."""
        number = self._write(record)
        try:
            yield
        finally:
            with uninterrupted():
                self._undo(number)

    @contextmanager
    def temporary(self, parent: Path | None = None) -> Iterator[Path]:
        """A new folder, mode 0700, below `parent` (default: the state folder); on leaving it is removed."""
        parent = parent or self.state / "work"
        path = parent / f"jettison-{secrets.token_hex(8)}"
        number = self._write(Folder(path=os.fspath(path)))
        try:
            try:
                parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                path.mkdir(mode=0o700)
                self._write(Folder.existing(path), number)
            except OSError as error:
                raise HostError(f"cannot make a folder in {parent}: {error.strerror}") from error
            yield path
        finally:
            with uninterrupted():
                self._undo(number)

    def leftovers(self) -> list[Record]:
        """What processes that are gone left behind, without touching it."""
        return [record for path in self._abandoned() for record in _read(path).values()]

    def sweep(self) -> list[Record]:
        """Undo what processes that are gone left behind; what was undone. Two sweeps at a time do not
        meet."""
        undone: list[Record] = []
        for path in self._abandoned():
            with uninterrupted():
                undone += _sweep(path)
        return undone

    def _abandoned(self) -> Iterator[Path]:
        """Journals that nobody holds; each is locked while the caller looks at it."""
        for path in sorted(self.folder.glob(f"*{_SUFFIX}")):
            try:
                fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            except OSError:
                continue
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(fd).st_nlink:  # else its owner has just closed it
                    yield path
            except BlockingIOError:
                continue
            finally:
                os.close(fd)

    def _write(self, record: Record, number: int | None = None) -> int:
        if number is None:
            self._last += 1
            number = self._last
        self._append(_Line(number, record))
        self._open[number] = record
        return number

    def _undo(self, number: int) -> None:
        record = self._open[number]
        try:
            record.undo()
        except OSError as error:
            raise HostError(
                f"could not clean up {record.describe()}: {error.strerror}",
                hint="`jettison doctor --clear` tries again",
            ) from error
        self._cross_out(number)

    def _cross_out(self, number: int) -> None:
        """If the disk is full the record stays in the file: undoing it once more does nothing."""
        with contextlib.suppress(HostError):
            self._append(_Line(number))
        del self._open[number]

    def _append(self, line: _Line) -> None:
        data = b"\n" + msgspec.json.encode(line) + b"\n"
        try:
            written = os.write(self._fd, data)
        except OSError as error:
            raise HostError(
                f"cannot write the journal {self.path}: {error.strerror}", hint="free some disk space"
            ) from error
        if written != len(data):
            raise HostError(
                f"cannot write the journal {self.path}: no space left", hint="free some disk space"
            )


def _create(folder: Path) -> tuple[Path, int]:
    """A new journal file, locked. A sweeper may see it before it is locked, and take it away: then another
    one."""
    while True:
        path = folder / f"{os.getpid()}-{secrets.token_hex(6)}{_SUFFIX}"
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX)
        if os.fstat(fd).st_nlink:
            return path, fd
        os.close(fd)


def _close_in_children(journal: Journal) -> None:
    """A forked helper must not hold the lock when this process is gone."""
    reference = weakref.ref(journal)

    def close() -> None:
        owner = reference()
        if owner is not None and owner._fd >= 0:
            os.close(owner._fd)
            owner._fd = -1

    os.register_at_fork(after_in_child=close)


def _read(path: Path) -> dict[int, Record]:
    """The open records of a journal; none of one that its owner has just taken away. A last line that was cut
    off was followed by no side effect."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SMALL_FILE_BYTES)
    except FileNotFoundError:
        return {}
    found: dict[int, Record] = {}
    for raw in data.splitlines():
        try:
            line = _decode(raw)
        except msgspec.MsgspecError:
            continue
        if line.record is None:
            found.pop(line.id, None)
        else:
            found[line.id] = line.record
    return found


def _sweep(path: Path) -> list[Record]:
    undone: list[Record] = []
    records = _read(path)
    for record in reversed(records.values()):
        with contextlib.suppress(OSError, HostError):
            record.recover()
            undone.append(record)
    if len(undone) == len(records):
        path.unlink(missing_ok=True)
    return undone
