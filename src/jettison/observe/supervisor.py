"""The supervisor: a process of its own that answers the kernel's notifications.

It is forked from the program, so that it needs no start-up of an interpreter, and lives until the program
says that the run is over or goes away. Messages on its control socket (SOCK_SEQPACKET), one byte and a
payload:

====  =========  ==========================================================================
byte  direction  meaning
====  =========  ==========================================================================
L     in         u32 number of the session; the listener descriptor comes with it
F     in         the run is over: hand over the report
T     out        the report; a memory file that holds it as msgpack comes with it
E     out        text: why the supervisor gives up
====  =========  ==========================================================================
"""

from __future__ import annotations

import contextlib
import gc
import mmap
import os
import signal
import socket
import struct
import threading
from typing import Final, NoReturn

import msgspec

from jettison.observe import shared
from jettison.observe.record import Record
from jettison.observe.session import Session
from jettison.observe.tracepoints import Tracepoints

LISTENER: Final = b"L"
FINISH: Final = b"F"
REPORT: Final = b"T"
FAILURE: Final = b"E"
NUMBER: Final = struct.Struct("<I")


def supervise(control: socket.socket, page: mmap.mmap, tracepoints: Tracepoints) -> NoReturn:
    """The life of the supervisor process, from right after the fork to its end."""
    try:
        _settle({control.fileno(), *tracepoints.descriptors})
        _hurry()
        _Supervisor(control, page, tracepoints).serve()
    finally:
        os._exit(1)


def _settle(kept: set[int]) -> None:
    """Cut the ties to the program: its signals, its descriptors but those `kept`, its garbage collector.

    Ctrl-C reaches the whole group of processes; the container must be let through until the program has
    stopped it.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    gc.disable()
    gc.freeze()
    first = 3
    for descriptor in sorted(kept):
        os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)


def _hurry() -> None:
    """Run at once when a caller waits, where that is allowed (sched(7)).

    A stopped caller would otherwise wait for the slices of whatever else runs: it was measured to cost a busy
    web server a tenth of its requests. It cannot starve anybody, as it only ever runs for callers that run in
    between.
    """
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


class _Supervisor:
    def __init__(self, control: socket.socket, page: mmap.mmap, tracepoints: Tracepoints) -> None:
        self._control = control
        self._page = page
        self._tracepoints = tracepoints
        self._record = Record()
        self._sessions: list[Session] = []

    def serve(self) -> None:
        """Follow each listener in a thread of its own until the run is over."""
        while True:
            message, descriptors, _, _ = socket.recv_fds(self._control, 64, 1)
            if message[:1] == LISTENER:
                self._begin(NUMBER.unpack_from(message, 1)[0], descriptors[0])
            else:
                if message[:1] == FINISH:
                    self._hand_over()
                os._exit(0)

    def _begin(self, number: int, listener: int) -> None:
        session = Session(
            listener,
            self._page,
            shared.slot(number),
            self._record,
            main=number == 0,
            announce=self._tracepoints.announce,
        )
        self._sessions.append(session)
        threading.Thread(target=self._follow, args=(session,), daemon=True).start()

    def _follow(self, session: Session) -> None:
        try:
            session.follow()
        except BaseException as error:
            self._control.send(FAILURE + f"{type(error).__name__}: {error}".encode()[:4000])
            os._exit(1)

    def _hand_over(self) -> None:
        report = self._record.report(sum(session.events for session in self._sessions))
        file = os.memfd_create("jettison-report")
        with os.fdopen(file, "wb", closefd=False) as stream:
            stream.write(msgspec.msgpack.encode(report))
        socket.send_fds(self._control, [REPORT], [file])
