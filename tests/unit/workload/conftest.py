"""A server on loopback that does what a test says with each connection."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from jettison.workload.endpoint import Endpoint, Scheme

Handler = Callable[[socket.socket], None]


def read_request(connection: socket.socket) -> bytes:
    """The request up to the end of its headers (and what came with them)."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            break
        data += more
    return data


@contextmanager
def _serving(handler: Handler, family: int) -> Iterator[int]:
    listener = socket.socket(family)
    listener.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
    listener.listen()

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=handle, args=(connection,), daemon=True).start()

    def handle(connection: socket.socket) -> None:
        with connection:
            try:
                handler(connection)
            except OSError:
                pass  # the client went away, as some tests want it to

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Endpoint]]:
    """`serve(handler)` gives an endpoint; `handler` gets each accepted connection, in a thread of its own."""
    with ExitStack() as stack:

        def start(handler: Handler, *, family: int = socket.AF_INET) -> Endpoint:
            port = stack.enter_context(_serving(handler, family))
            return Endpoint(
                port=port, scheme=Scheme.HTTP, address="::1" if family == socket.AF_INET6 else "127.0.0.1"
            )

        yield start


@pytest.fixture
def answering(serve: Callable[..., Endpoint]) -> Callable[..., Endpoint]:
    """`answering(b"HTTP/1.1 200 OK…")` gives an endpoint that reads a request, sends that and hangs up."""

    def start(answer: bytes) -> Endpoint:
        def handler(connection: socket.socket) -> None:
            read_request(connection)
            connection.sendall(answer)

        return serve(handler)

    return start
