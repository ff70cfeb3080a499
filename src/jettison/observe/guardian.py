"""The guardian: a thread of the program that keeps the application going if the supervisor does not.

It receives each listener from the container runtime, keeps it, and passes a copy on. As long as one copy is
open no caller gets ENOSYS. When the supervisor ends, for whatever reason, the guardian answers every call
with "go on", first of all the one that the supervisor had received and not answered.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import select
import socket
import threading
from typing import Final

import msgspec

from jettison.linux import seccomp
from jettison.observe import shared, supervisor
from jettison.observe.session import ended

_STATE_BYTES: Final = 256 * 1024
"""The state that a runtime sends along with a listener (OCI `ContainerProcessState`); real ones have 1–3
KiB."""
_UNANSWERED: Final = 1024
"""How many ids after the last known one may be the unanswered call. Ids count up by one for each listener."""


class _State(msgspec.Struct):
    """`ContainerProcessState`: of its fields only which descriptor is which."""

    fds: list[str]


class Guardian:
    """Accepts listeners on `server`, forwards them over `control`, and takes over when `control` ends.

    `report` is set once the supervisor has handed over what it noted (a descriptor that the caller closes);
    `trouble` says what went wrong; `over` is set when the supervisor has ended.
    """

    def __init__(self, server: socket.socket, control: socket.socket, page: mmap.mmap) -> None:
        self.report: int | None = None
        self.trouble = ""
        self.over = threading.Event()
        self._server = server
        self._control = control
        self._page = page
        self._listeners: list[int] = []
        self._taken: set[int] = set()
        """Listeners that the guardian answers itself."""
        self._stop, self._stopper = socket.socketpair()
        self._poll = select.poll()
        self._thread = threading.Thread(target=self._watch, name="jettison-guardian", daemon=True)

    def start(self) -> None:
        """Begin to accept listeners."""
        self._thread.start()

    def close(self) -> None:
        """End the thread and close the listeners: callers that still wait get ENOSYS."""
        self._stopper.close()
        self._thread.join()
        self._stop.close()
        for listener in self._listeners:
            os.close(listener)

    def _watch(self) -> None:
        for source in (self._server, self._control, self._stop):
            self._poll.register(source, select.POLLIN)
        while True:
            for descriptor, events in self._poll.poll():
                if descriptor == self._stop.fileno():
                    return
                if descriptor == self._server.fileno():
                    self._accept()
                elif descriptor == self._control.fileno():
                    self._hear()
                else:
                    self._serve(descriptor, events)

    def _accept(self) -> None:
        """Take one listener from the runtime and pass it on."""
        connection, _ = self._server.accept()
        with connection:
            connection.settimeout(10)
            try:
                state, descriptors, _, _ = socket.recv_fds(connection, _STATE_BYTES, 8)
                listener = _listener_of(state, descriptors)
            except (OSError, msgspec.MsgspecError, ValueError) as error:
                self.trouble = self.trouble or f"the container runtime sent no usable listener: {error}"
                return
        self._listeners.append(listener)
        number = len(self._listeners) - 1
        if number >= shared.MAX_SESSIONS:
            self.trouble = (
                self.trouble or f"more than {shared.MAX_SESSIONS} commands were executed in the run"
            )
            self._take(listener)
        elif self.over.is_set() or not self._pass_on(number, listener):
            self._take(listener)
        else:
            self._poll.register(listener, 0)  # for its end

    def _pass_on(self, number: int, listener: int) -> bool:
        try:
            socket.send_fds(self._control, [supervisor.LISTENER + supervisor.NUMBER.pack(number)], [listener])
        except OSError:
            return False
        return True

    def _hear(self) -> None:
        """A message of the supervisor, or its end."""
        try:
            message, descriptors, _, _ = socket.recv_fds(self._control, 4096, 1)
        except ConnectionError:
            message, descriptors = b"", []
        if message[:1] == supervisor.REPORT and descriptors:
            self.report = descriptors[0]
        elif message[:1] == supervisor.FAILURE:
            self.trouble = self.trouble or message[1:].decode(errors="replace")
        elif not message:
            self._poll.unregister(self._control)
            self.over.set()
            for number, listener in enumerate(self._listeners):
                self._release(number, listener)
                self._take(listener)

    def _release(self, number: int, listener: int) -> None:
        """Answer the call that the supervisor had received last, if it did not live to answer it.

        Its id was noted in the shared page; if the supervisor ended between receiving and noting, it is one
        of the next.
        """
        slot = shared.slot(number)
        last = int.from_bytes(self._page[slot : slot + 8], "little")
        for identity in range(last, last + _UNANSWERED):
            with contextlib.suppress(OSError):
                seccomp.let_through(listener, (identity % 2**64).to_bytes(8, "little"))

    def _take(self, listener: int) -> None:
        self._taken.add(listener)
        self._poll.register(listener, select.POLLIN)

    def _serve(self, listener: int, events: int) -> None:
        """Let one waiting call through, or forget a listener without processes."""
        if events & select.POLLIN and listener in self._taken:
            with contextlib.suppress(OSError):
                seccomp.let_through(listener, seccomp.receive(listener)[:8])
        elif ended(listener):
            self._poll.unregister(listener)


def _listener_of(state: bytes, descriptors: list[int]) -> int:
    """The seccomp listener among the descriptors that a runtime sent; the others are closed."""
    names = msgspec.json.decode(state, type=_State).fds
    if len(names) != len(descriptors) or "seccompFd" not in names:
        for descriptor in descriptors:
            os.close(descriptor)
        raise ValueError(f"{len(descriptors)} descriptors came for the names {names}")
    found = names.index("seccompFd")
    for place, descriptor in enumerate(descriptors):
        if place != found:
            os.close(descriptor)
    return descriptors[found]
