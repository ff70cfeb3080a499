"""When an application is ready: its sockets listen and one of them has answered in its protocol. No fixed
sleep anywhere."""

from __future__ import annotations

import os
import select
import time
from dataclasses import dataclass, field

from jettison.workload.endpoint import Endpoint, Scheme
from jettison.workload.inside import Inside
from jettison.workload.probe import OTHER_PROTOCOLS, ask, connects
from jettison.workload.processes import Listener, cpu_ticks, family, listeners
from jettison.workload.steps import Port, Workload
from jettison.workload.target import Exit, Target

_FIRST_POLL_S = 0.002
_LAST_POLL_S = 0.05
_HUNG_UP_S = 2.0
"""How long a port may hang up on every question before it is taken to speak another protocol."""
_PATIENCE_S = (1.0, 10.0)
"""Least and most time that the other exposed ports get once the first has answered; in between, as long as
that took."""
_STABLE_S = 0.1
"""What speaks another protocol than HTTP is ready when it listens and has used no CPU for so long."""
_RESIGNED_S = 2.0
"""How long a replay must have been at rest before it is given up ahead of its time."""
_SETTLED_S = 0.3
"""An application that used no CPU for so long has nothing left to do by itself."""


@dataclass(frozen=True)
class Ready:
    """How the start went. Exactly one of `endpoints`, `exit`, `idle` and `error` says so."""

    seconds: float
    endpoints: tuple[Endpoint, ...] = ()
    exit: Exit | None = None
    """It ended by itself before it was ready."""
    listened: bool = False
    """It had a listening socket at some time."""
    idle: bool = False
    """It exposes and listens on nothing, and has come to rest: a worker that only commands can exercise."""
    error: str = ""


def wait_ready(workload: Workload, target: Target, inside: Inside) -> Ready:
    """Wait until `target` is ready, has ended, or `workload.ready_timeout` is over."""
    return _Waiting(workload, target, inside).run()


@dataclass
class _Port:
    """What is known of one listening port."""

    listener: Listener
    address: str
    """Where it is reached."""
    scheme: Scheme | None = None
    starting: bool = False
    hung_up_since: float | None = None
    next_ask: float = 0.0
    seen: float = field(default_factory=time.monotonic)

    @property
    def answered(self) -> bool:
        return self.scheme is not None and not self.starting

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(port=self.listener.port, scheme=self.scheme or Scheme.TCP, address=self.address)


@dataclass
class _Waiting:
    workload: Workload
    target: Target
    inside: Inside
    start: float = field(default_factory=time.monotonic)
    ports: dict[int, _Port] = field(default_factory=dict)
    first_answer: float | None = None

    def run(self) -> Ready:
        """Look, ask what is new, sleep a little longer each time; the end of the process wakes it."""
        pause = _FIRST_POLL_S
        idle = _Idle(self.target.pid)
        with _Process(self.target.pid) as process:
            while True:
                ended = self.target.poll()
                if ended is not None:
                    return self._ready(exit=ended)
                self._look()
                if self._complete() and (self._speaks_http() or idle.settled(_STABLE_S)):
                    return self._ready(endpoints=self._endpoints())
                if not self.ports and self._only_commands() and idle.settled(_SETTLED_S):
                    return self._ready(idle=True)
                if self._elapsed() > self._limit(idle):
                    return self._too_late()
                process.wait(pause)
                pause = min(_LAST_POLL_S, pause * 1.5)

    def _look(self) -> None:
        """Find listeners and ask those that have not said what they are."""
        for listener in sorted(listeners(self.target.pid), key=self._rank):
            if listener.protocol == "udp" and Port(listener.port, "udp") not in self.workload.ports:
                continue  # a resolver's client socket looks the same: only what is declared is a service
            if listener.port not in self.ports:
                self.ports[listener.port] = _Port(listener, self._reached(listener))
            port = self.ports[listener.port]
            if not port.answered and not self._beside(port) and time.monotonic() >= port.next_ask:
                self._ask(port)

    def _beside(self, port: _Port) -> bool:
        """Whether `port` is not what is waited for. One that nobody named is asked once it is clear that no
        named one opens: it may be the application's own (FastCGI, a control socket), and may never answer
        us."""
        named = self._named()
        if not named or port.listener.port in named:
            return False
        patient = time.monotonic() - port.seen < _PATIENCE_S[0]
        return bool(self.workload.known) or patient or not named.isdisjoint(self.ports)

    def _reached(self, listener: Listener) -> str:
        """`::` serves IPv4 too unless the socket says otherwise, and every client knows 127.0.0.1."""
        both = listener.protocol == "tcp" and listener.address == "::"
        if both and self.inside.call(connects, "127.0.0.1", listener.port):
            return "127.0.0.1"
        return listener.reachable

    def _rank(self, listener: Listener) -> tuple[int, int, bool]:
        """Exposed ports first, in their order; of one port the IPv4 socket before the IPv6 one."""
        return (*self._place(listener.port), ":" in listener.address)

    def _place(self, number: int) -> tuple[int, int]:
        order = [port.number for port in self.workload.ports]
        return order.index(number) if number in order else len(order), number

    def _ask(self, port: _Port) -> None:
        if port.listener.protocol == "udp":
            port.scheme = Scheme.UDP
            return
        if port.listener.port in self._silent_ports():
            port.scheme = Scheme.TCP
            return
        deadline = self.start + self.workload.ready_timeout
        found = self.inside.call(
            ask, port.endpoint, accepted=lambda: self._accepted(port.listener.port), deadline=deadline
        )
        now = time.monotonic()
        port.scheme, port.starting = found.scheme, found.starting
        port.next_ask = now + min(0.5, 0.02 + (now - self.start) / 10)
        port.hung_up_since = (port.hung_up_since or now) if found.hung_up else None
        if port.hung_up_since is not None and now - port.hung_up_since > _HUNG_UP_S:
            port.scheme = Scheme.TCP

    def _silent_ports(self) -> frozenset[int]:
        """Ports that are not asked, because what they speak is known not to be HTTP."""
        return OTHER_PROTOCOLS | {e.port for e in self.workload.known if e.scheme is Scheme.TCP}

    def _accepted(self, number: int) -> bool:
        return all(each.pending == 0 for each in listeners(self.target.pid) if each.port == number)

    def _complete(self) -> bool:
        """Whether everything that is waited for has answered, or has had its time."""
        answered = {number for number, port in self.ports.items() if port.answered}
        if not answered:
            return False
        if self.first_answer is None:
            self.first_answer = self._elapsed()
        wanted = self._named() or self.ports.keys()
        if self.workload.known or wanted <= answered:
            return wanted <= answered
        least, most = _PATIENCE_S
        return self._elapsed() > self.first_answer + min(most, max(least, self.first_answer))

    def _named(self) -> set[int]:
        """The ports that somebody named: an earlier run, else the image and the given requests."""
        if self.workload.known:
            return {endpoint.port for endpoint in self.workload.known}
        given = (request.port for request in self.workload.http if request.port is not None)
        return {*(port.number for port in self.workload.ports), *given}

    def _endpoints(self) -> tuple[Endpoint, ...]:
        """What answered, best first: exposed ports in their order, and among them what speaks HTTP."""
        found = [port.endpoint for port in self.ports.values() if port.scheme is not None]
        exposed = {port.number for port in self.workload.ports}
        return tuple(
            sorted(found, key=lambda e: (e.port not in exposed, not e.scheme.web, self._place(e.port)))
        )

    def _speaks_http(self) -> bool:
        return any(port.answered and port.endpoint.scheme.web for port in self.ports.values())

    def _only_commands(self) -> bool:
        """Nothing is exposed and no HTTP is asked for: a command may be all that exercises it."""
        work = self.workload
        return not (work.ports or work.http or work.known) and bool(work.exec or work.host_exec)

    def _limit(self, idle: _Idle) -> float:
        """Seconds: a job that exposes nothing and is at work has the time of a run, a service that of
        becoming ready; a replay at rest, long after an earlier run was ready, will not become so any more."""
        work = self.workload
        if work.known and idle.settled(_RESIGNED_S):
            return min(work.ready_timeout, _RESIGNED_S + 3 * work.ready_before)
        if self.ports or work.ports or idle.settled(_SETTLED_S):
            return work.ready_timeout
        return max(work.run_timeout, work.ready_timeout)

    def _too_late(self) -> Ready:
        """Time is over: what answered, be it `not yet` to the end, has answered."""
        missing = [str(e) for e in self.workload.known if e.port not in self.ports]
        silent = [str(number) for number, port in self.ports.items() if port.scheme is None]
        if not self.ports:
            return self._ready(error=f"nothing listens after {self._elapsed():.0f} s")
        if missing:
            return self._ready(error=f"nothing listens at {', '.join(missing)}")
        if len(silent) == len(self.ports):
            return self._ready(error=f"port {', '.join(silent)} takes connections and answers none")
        return self._ready(endpoints=self._endpoints())

    def _elapsed(self) -> float:
        return time.monotonic() - self.start

    def _ready(
        self,
        *,
        endpoints: tuple[Endpoint, ...] = (),
        exit: Exit | None = None,
        idle: bool = False,
        error: str = "",
    ) -> Ready:
        return Ready(self._elapsed(), endpoints, exit, bool(self.ports), idle, error)


class _Idle:
    """Whether a tree of processes has come to rest."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ticks = -1
        self._since = 0.0

    def settled(self, seconds: float) -> bool:
        """Whether no CPU time was used for `seconds`; learns by being called often."""
        ticks = cpu_ticks(family(self._pid))
        now = time.monotonic()
        if ticks != self._ticks:
            self._ticks, self._since = ticks, now
        return now - self._since > seconds


class _Process:
    """Waits that end early when the process ends (pidfd_open(2))."""

    def __init__(self, pid: int) -> None:
        self._poll = select.poll()
        self._fd = -1
        if not pid:
            return  # it ended before anybody looked
        try:
            self._fd = os.pidfd_open(pid)
        except ProcessLookupError:
            return  # it ended and was reaped: nothing to wait for
        self._poll.register(self._fd, select.POLLIN)

    def __enter__(self) -> _Process:
        return self

    def __exit__(self, *_: object) -> None:
        if self._fd >= 0:
            os.close(self._fd)

    def wait(self, seconds: float) -> None:
        """Sleep `seconds`, or until the process ends."""
        if self._poll.poll(seconds * 1000):
            time.sleep(_FIRST_POLL_S)  # whoever reaps it needs a moment; do not spin until then
