"""One listener: every notification of the processes that were started with it is received, noted and let
through.

The order is what makes a trace complete: a call is noted *before* it is let through, so whatever a process
did, it is in the record by the time the process can show any effect of it.

The way of a repeated look-up is short on purpose (all of it is in `follow`): receive, read the path out of
the caller's memory, find it in a set, answer. A key in that set is only ever one that must mean the same
again, for any process that runs the same program: an absolute path, not through `/proc`, with the same call
and flags, in the same phase, while nobody has changed its root. Relative paths are resolved anew each time,
so that no working folder or descriptor has to be kept up to date.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import select
import struct
import time
from collections.abc import Callable
from typing import ClassVar, Final

from jettison.linux import seccomp
from jettison.linux.memory import CHUNK
from jettison.observe import arguments, calls, processes, sockets
from jettison.observe.calls import ANY_WRITE, AT_EMPTY_PATH, CALLS, Call, Family, Target
from jettison.observe.evidence import Phase, WriteOperation
from jettison.observe.record import Record
from jettison.observe.shared import PHASE, read_mark
from jettison.observe.sockets import Address
from jettison.observe.stopped import Place, Stopped, signed
from jettison.observe.tasks import Tasks
from jettison.observe.trace import Direction, Protocol

_EXEC_PHASE: Final = tuple(Phase).index(Phase.EXEC)
_OPEN_HOW: Final = struct.Struct("<3Q")
"""`struct open_how`: flags, mode, resolve."""
_RESOLVE_IN_ROOT: Final = 0x10
_SOCKETCALLS: Final = {2: "bind", 3: "connect", 4: "listen"}
_BINDS: Final = calls.kind_of(calls.WRITE, WriteOperation.CREATE, follow=False)
_CONNECTS: Final = calls.kind_of(calls.CONNECT)


class Session:
    """Follows one listener until its last process has ended.

    `slot` is the place in the shared `page` where the id of the latest notification is kept for the guardian.
    `main` tells the container's own processes from those that were executed in it later, whose phase is
    always `exec`. `announce` is told each execution before it is let through: thread, number of the program,
    whether it is of the container's own processes.
    """

    def __init__(
        self,
        listener: int,
        page: mmap.mmap,
        slot: int,
        record: Record,
        *,
        main: bool,
        announce: Callable[[int, int, bool], None],
    ) -> None:
        self.events = 0
        self._listener = listener
        self._page = page
        self._slot = slot
        self._record = record
        self._main = main
        self._announce = announce
        self._phase = -1
        self._started = False
        """Whether the runtime has executed the container's command: what it looks up before that is its own
        business."""
        self._rooted = False
        """Whether some process has changed its root."""
        self._tasks = Tasks(record)

    def follow(self) -> None:
        """Receive, note and let through, until no process is left."""
        listener, page, met = self._listener, self._page, self._tasks.met
        ioctl, pread, now, get_call = fcntl.ioctl, os.pread, time.monotonic, CALLS.get
        start, end = self._slot, self._slot + 8
        seccomp.wake_synchronously(listener)
        while True:
            try:
                note = ioctl(listener, seccomp.RECEIVE, seccomp.EMPTY)
            except OSError as error:
                if error.errno in (errno.ENOENT, errno.EINTR) and not ended(listener):
                    continue
                return
            page[start:end] = identity = note[:8]
            self.events += 1
            call = get_call(note[16:24])
            if call is not None:
                thread, address, flags = call.unpack(note)
                task = met.get(thread)
                if task is None or task.expires < now() or page[PHASE] != self._phase:
                    self._note(call, note)
                else:
                    try:
                        path, complete, _ = pread(task.memory, CHUNK, address).partition(b"\0")
                    except (OSError, OverflowError):
                        complete = b""
                    if not complete or (call.token, flags, path) not in task.known:
                        self._note(call, note)
            try:
                ioctl(listener, seccomp.SEND, identity + seccomp.CONTINUE)
            except FileNotFoundError:
                continue  # the caller was killed, or a signal made it start the call anew

    def _note(self, call: Call, note: bytes) -> None:
        """Look at a call closely and write down what it is about."""
        if self._record.reason:
            return
        try:
            if self._page[PHASE] != self._phase:
                self._turn()
            stopped = Stopped(call, note, listener=self._listener, tasks=self._tasks, rooted=self._rooted)
            if call.family is Family.EXEC:
                self._execute(stopped)
            elif self._started:
                self._HANDLERS[call.family](self, stopped)
        except OSError as error:
            # The caller may have been killed while it was looked at. If it still waits, something was not
            # seen.
            if seccomp.is_valid(self._listener, note[:8]):
                self._record.lose(f"a call of {call.name} could not be looked at: {error}")

    def _turn(self) -> None:
        """A new phase: everything is worth noting again."""
        self._phase = self._page[PHASE]
        self._tasks.unlearn()

    def _path(self, stopped: Stopped) -> None:
        """A call of one path: the frequent ones."""
        target = stopped.call.targets[0]
        path = stopped.string(target.path)
        place = stopped.place(target, path)
        kept = place is None or self._keep(stopped, stopped.kind(target), place)
        if kept and self._means_the_same(target, path):
            stopped.task.learn((stopped.call.token, stopped.call.unpack(stopped.note)[2], path))

    def _means_the_same(self, target: Target, path: bytes | None) -> bool:
        """Whether the same call with the same path may be taken for known from now on."""
        if not path:  # asks about a descriptor, or changes what is behind it
            return path is not None and not target.kind & ANY_WRITE
        return path.startswith(b"/") and not self._rooted and not path.startswith(processes.MAGIC)

    def _keep(self, stopped: Stopped, kind: int, place: Place) -> bool:
        """Note a look-up, unless the caller is gone: then what was read may be another process's.

        False if it is. A caller that a signal called away comes back with a new notification.
        """
        if not stopped.waits():
            return False
        self._lookup(kind, place, stopped.task.executable)
        return True

    def _lookup(self, kind: int, place: Place, executable: int) -> None:
        self._record.lookup(kind, place.path, place.root, executable, self._when, read_mark(self._page))

    @property
    def _when(self) -> int:
        return self._phase if self._main else _EXEC_PHASE

    def _paths(self, stopped: Stopped) -> None:
        for target in stopped.call.targets:
            path = stopped.string(target.path)
            place = stopped.place(target, path)
            if place is not None:
                self._keep(stopped, stopped.kind(target), place)

    def _root(self, stopped: Stopped) -> None:
        """From now on `/` may mean something else to each process."""
        self._paths(stopped)
        self._rooted = True
        self._tasks.unlearn()

    def _openat2(self, stopped: Stopped) -> None:
        how = stopped.read(stopped.values[2], _OPEN_HOW.size)
        path = stopped.string(1)
        if len(how) < _OPEN_HOW.size or not path:
            return
        flags, _mode, resolve = _OPEN_HOW.unpack(how)
        find = stopped.within if resolve & _RESOLVE_IN_ROOT else stopped.resolve
        place = find(stopped.descriptor(0), path)
        if place is not None:
            self._keep(stopped, calls.open_kind(flags, stopped.call.arch), place)

    def _execute(self, stopped: Stopped) -> None:
        target = stopped.call.targets[0]
        place = self._program(stopped)
        if place is None or not stopped.waits():
            return
        number = stopped.task.executable if self._started else self._record.executable(b"")
        self._started = True
        if not place.path.startswith(processes.MEMORY_FILE):
            self._lookup(stopped.kind(target), place, number)
        vector = 1 if target.path == 0 else 2
        self._announce(stopped.thread, self._record.executable(place.path), self._main)
        self._record.execution(place.path, arguments.masked(stopped.words(vector)), self._when)
        self._tasks.forget()  # other threads too: the one that executes takes over the id of the first

    def _program(self, stopped: Stopped) -> Place | None:
        """What is executed: a path, or an open file (execveat with an empty path)."""
        target = stopped.call.targets[0]
        path = stopped.string(target.path)
        if path:
            return stopped.resolve(stopped.descriptor(target.folder), path)
        descriptor, flags = stopped.descriptor(target.folder), stopped.call.flags
        if path is None or descriptor is None or flags is None or not stopped.values[flags] & AT_EMPTY_PATH:
            return None
        return Place(b"", processes.program(stopped.thread, descriptor))

    # --- sockets --------------------------------------------------------------------------------------------

    def _socket(self, stopped: Stopped) -> None:
        values, name = stopped.values, stopped.call.name
        if name == "socketcall":
            name = _SOCKETCALLS.get(values[0], "")
            block = stopped.read(values[1], 12)
            if not name or len(block) < 12:
                return
            values = struct.unpack("<3I", block)
        kind = sockets.look(stopped.thread, signed(values[0]))
        if name == "listen":
            address = kind.bound
        else:
            address = sockets.parse(stopped.read(values[1], min(values[2], sockets.MAX_ADDRESS)))
        if address is not None and address.path:
            address = self._named(stopped, name, address.path)
        if address is None:
            return
        datagrams = kind.protocol in ("udp", "dgram") and (address.port or address.family == "unix")
        if name != "bind" or datagrams:
            self._endpoint(stopped, "connect" if name == "connect" else "listen", kind.protocol, address)

    def _named(self, stopped: Stopped, name: str, path: bytes) -> Address | None:
        """The absolute address of a unix socket in the file system, which is a look-up as well."""
        place = stopped.resolve(None, path)
        if place is None:
            return None
        if name != "listen":
            self._keep(stopped, _BINDS if name == "bind" else _CONNECTS, place)
        return sockets.at(place.path)

    _HANDLERS: ClassVar[dict[Family, Callable[[Session, Stopped], None]]] = {
        Family.PATH: _path,
        Family.PATHS: _paths,
        Family.ROOT: _root,
        Family.OPENAT2: _openat2,
        Family.SOCKET: _socket,
    }

    def _endpoint(self, stopped: Stopped, direction: Direction, protocol: Protocol, address: Address) -> None:
        number = stopped.task.executable
        self._record.socket(direction, address.family, protocol, address.text, address.port, number)


def ended(listener: int) -> bool:
    """Whether no process uses the filter of `listener` any more."""
    poll = select.poll()
    poll.register(listener, 0)
    return any(events & select.POLLHUP for _, events in poll.poll(0))
