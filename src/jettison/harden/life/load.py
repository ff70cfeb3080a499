"""Load on a running application, and what a stop signal does to the requests that are under way.

Several clients ask the same thing again and again. Now and then the application is frozen, until it is at
some of their requests: then the signal is sent, it goes on, and every client ends the request it is at.
Counted are the requests that it was answering: sent in full, the connection accepted and every byte read.
What still waits in the kernel's queue of a server that stops to accept is lost with any server; that is for
the load balancer to avoid.
"""

from __future__ import annotations

import contextlib
import http.client
import random
import ssl
import threading
import time
from dataclasses import dataclass, field

from jettison.limits import BODY_BYTES
from jettison.sandbox.sandbox import Sandbox
from jettison.workload.client import unverified_tls
from jettison.workload.endpoint import Endpoint, Scheme
from jettison.workload.inside import Inside
from jettison.workload.processes import taken_up
from jettison.workload.steps import HttpRequest

CLIENTS = 8
"""As many as a small service has at a time; more would only measure its queue."""
_WARM_S = 0.3
"""How long the load lasts before the signal, at the least one whole request of each client."""
_CATCH_S = 1.0
"""How long it is waited for a moment with requests under way; a fast server has few of them."""
_PAUSE_S = 0.01
"""The application goes on for up to so long before it is looked at again."""
_CHUNK = 64 * 1024


@dataclass(frozen=True)
class Flight:
    """One request."""

    client: int
    """The port that it came from."""
    whole: bool
    """Whether the answer came in full, and was no error of the server."""


@dataclass(frozen=True)
class Stopped:
    """What the signal did to requests."""

    in_flight: int
    lost: int
    """Those of them that got no whole answer."""


@dataclass
class Load:
    """Clients that ask `request` of `endpoint` until they are told to stop."""

    endpoint: Endpoint
    request: HttpRequest
    timeout: float
    """Seconds for one request."""
    clients: int = CLIENTS
    _flights: list[Flight] = field(default_factory=list)
    _sent: set[int] = field(default_factory=set)
    """Ports of the clients whose request is sent and not answered yet."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, inside: Inside) -> None:
        """Start the clients: a thread has the network namespace of the one that started it."""
        inside.call(self._start)

    def _start(self) -> None:
        for _ in range(self.clients):
            thread = threading.Thread(target=self._client, name="jettison-load", daemon=True)
            self._threads.append(thread)
            thread.start()

    def interrupt(self, box: Sandbox, number: int) -> Stopped:
        """Warm up, send the signal `number` to the application while it answers requests, and wait for the
        clients."""
        self._warm()
        caught = self._signal(box, number)
        self.join()
        with self._lock:
            ends = [flight.whole for flight in self._flights if flight.client in caught]
        return Stopped(len(caught), len(caught) - sum(ends))

    def join(self) -> None:
        """Stop asking, and wait for the answers that are under way."""
        self._over.set()
        deadline = time.monotonic() + self.timeout + 1
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _warm(self) -> None:
        time.sleep(_WARM_S)
        deadline = time.monotonic() + self.timeout
        while len(self._flights) < self.clients and time.monotonic() < deadline:
            time.sleep(0.005)

    def _signal(self, box: Sandbox, number: int) -> set[int]:
        """Send the signal at a moment at which requests are being answered, the more the better while there
        is time; gives their clients."""
        begin = time.monotonic()
        wanted = self.clients
        while True:
            with box.frozen() as still:
                with self._lock:
                    sent = set(self._sent)
                caught = sent & taken_up(box.pid, self.endpoint.port)
                elapsed = time.monotonic() - begin
                if len(caught) >= max(1, wanted) or elapsed > _CATCH_S:
                    box.signal(number)
                    return caught
            wanted = int(self.clients * (1 - elapsed / _CATCH_S))
            time.sleep(random.uniform(0, _PAUSE_S) if still else 0)  # noqa: S311 - a pause has no secrets

    def _client(self) -> None:
        failed = 0
        while not self._over.is_set() and failed < 3:
            flight = self._ask()
            failed = failed + 1 if flight is None or not flight.whole else 0
            if flight is not None:
                with self._lock:
                    self._flights.append(flight)

    def _ask(self) -> Flight | None:
        """One request on a connection of its own; None when it could not be sent."""
        connection = _connection(self.endpoint, self.timeout)
        deadline = time.monotonic() + self.timeout
        own = 0
        whole = False
        try:
            connection.connect()
            own = connection.sock.getsockname()[1]
            headers = {"Host": f"localhost:{self.endpoint.port}", "Connection": "close"}
            headers |= dict(self.request.headers)
            connection.request(self.request.method, self.request.path, self.request.body or None, headers)
            with self._lock:
                self._sent.add(own)
            whole = _read(connection.getresponse(), deadline)
        except (OSError, http.client.HTTPException):
            time.sleep(0.01)  # what refuses connections is not to be asked without a pause
        finally:
            with self._lock:
                self._sent.discard(own)
            with contextlib.suppress(OSError):
                connection.close()
        return Flight(own, whole) if own else None


def _connection(endpoint: Endpoint, timeout: float) -> http.client.HTTPConnection:
    if endpoint.scheme is Scheme.HTTPS:
        context: ssl.SSLContext = unverified_tls()
        return http.client.HTTPSConnection(endpoint.address, endpoint.port, timeout=timeout, context=context)
    return http.client.HTTPConnection(endpoint.address, endpoint.port, timeout=timeout)


def _read(response: http.client.HTTPResponse, deadline: float) -> bool:
    """Read an answer to its end; whether it came in full. What is longer than a body may be counts as whole:
    enough of it came."""
    size = 0
    while size < BODY_BYTES:
        if time.monotonic() > deadline:
            return False
        piece = response.read1(_CHUNK)
        if not piece:
            return not response.length and response.status < 500
        size += len(piece)
    return True
