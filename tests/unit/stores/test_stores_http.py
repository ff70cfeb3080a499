"""HTTP with peers that trickle, flood or lead astray, through proxies, and at sockets; all of them real."""

import base64
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
import urllib3

from jettison.errors import RemoteError
from jettison.limits import MAX_HEADER_BYTES, SEND_BYTES
from jettison.stores import http
from jettison.stores.http import (
    BrokenError,
    Client,
    ConnectionFailedError,
    HttpError,
    LocalClient,
    redirected,
)
from jettison.stores.open import open_image
from jettison.stores.registry import patience

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def asked(peer: socket.socket) -> bytes:
    """The head of a request."""
    head = b""
    while b"\r\n\r\n" not in head and (piece := peer.recv(4096)):
        head += piece
    return head


@contextmanager
def listening(answer: Callable[[socket.socket], None], path: str = "") -> Iterator[str]:
    """HOST:PORT (or the socket `path`) where each connection gets `answer`."""
    server = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
    server.bind(path or ("127.0.0.1", 0))
    server.listen()
    threads = []

    def serve(peer: socket.socket) -> None:
        with peer, suppress(OSError):
            answer(peer)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threads.append(threading.Thread(target=serve, args=(server.accept()[0],), daemon=True))
                threads[-1].start()

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield path or f"127.0.0.1:{server.getsockname()[1]}"
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        acceptor.join()
        for thread in threads:
            thread.join(5)


@pytest.fixture
def hurried(monkeypatch):
    """Peers have half a second."""
    monkeypatch.setattr(http, "REQUEST_TIMEOUT_S", 0.5)
    monkeypatch.setattr(http, "STALL_BYTES", 1000)


def body(client: Client, url: str, **arguments: object) -> bytes:
    answer = client.send("GET", url, **arguments)
    try:
        return b"".join(answer.pieces())
    finally:
        answer.close()


def trickle(peer: socket.socket, data: bytes, at_once: int = 1, pause: float = 0.02) -> None:
    for start in range(0, len(data), at_once):
        peer.sendall(data[start : start + at_once])
        time.sleep(pause)


def test_headers_that_trickle_are_given_up(hurried):
    def answer(peer):
        asked(peer)
        trickle(peer, b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100_000)

    with listening(answer) as host, Client() as client:
        begun = time.monotonic()
        with pytest.raises(BrokenError, match="too slow"):
            body(client, f"http://{host}/")
        assert 0.4 < time.monotonic() - begun < 2


def test_a_registry_that_trickles_its_headers_is_given_up(hurried, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(patience, "RETRY_BUDGET_S", 0.5)

    def answer(peer):
        if asked(peer).startswith(b"GET /v2/ "):
            peer.sendall(OK)
            asked(peer)
        trickle(peer, b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100_000)

    with listening(answer) as host:
        begun = time.monotonic()
        with pytest.raises(RemoteError, match="broke"):
            open_image(f"docker://{host}/app:1")
        assert time.monotonic() - begun < 5


def test_a_body_must_get_on_and_may_take_long(hurried):
    """1,000 bytes are due each half a second."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n"
    speed = {"/slow": 10, "/fair": 600}

    def answer(peer):
        path = asked(peer).split()[1].decode()
        peer.sendall(head)
        trickle(peer, b"x" * 40_000, speed[path])

    with listening(answer) as host, Client() as client:
        begun = time.monotonic()
        assert len(body(client, f"http://{host}/fair")) == 40_000
        assert time.monotonic() - begun > 1  # longer than any one piece may take
        with Client() as client, pytest.raises(BrokenError, match="too slow"):
            body(client, f"http://{host}/slow")


def test_time_in_which_nobody_reads_is_not_the_peers(hurried):
    def answer(peer):
        asked(peer)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + b"x" * 10)
        time.sleep(1)
        peer.sendall(b"x" * 10)

    with listening(answer) as host, Client() as client:
        answer = client.send("GET", f"http://{host}/")
        pieces = answer.pieces()
        received = len(next(pieces))
        time.sleep(1.1)
        assert received + sum(map(len, pieces)) == 20
        answer.close()


def test_headers_without_end_are_not_read(hurried):
    sent = []

    def answer(peer):
        asked(peer)
        peer.sendall(b"HTTP/1.1 200 OK\r\n")
        for _ in range(1000):
            peer.sendall(b"X-Many: " + b"x" * 9000 + b"\r\n")
            sent.append(9000)

    with listening(answer) as host, Client() as client, pytest.raises(BrokenError):
        body(client, f"http://{host}/")
    assert sum(sent) < 100 * MAX_HEADER_BYTES


def test_a_body_that_ends_early_is_broken():
    def answer(peer):
        asked(peer)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf")

    with listening(answer) as host, Client() as client, pytest.raises(BrokenError):
        body(client, f"http://{host}/")


def test_a_connection_is_kept_for_the_next_request_once_all_was_read():
    connections = []

    def answer(peer):
        connections.append(peer)
        while asked(peer):
            peer.sendall(OK)

    with listening(answer) as host, Client() as client:
        for _ in range(3):
            assert body(client, f"http://{host}/") == b"ok"
        assert len(connections) == 1
        client.send("GET", f"http://{host}/").close()  # not read
        assert body(client, f"http://{host}/") == b"ok"
        assert len(connections) == 2


def test_a_long_body_is_sent_whole_with_its_length(hurried):
    content = b"0123456789" * (SEND_BYTES // 4)
    received = []

    def answer(peer):
        head, _, rest = asked(peer).partition(b"\r\n\r\n")
        while len(rest) < len(content):
            rest += peer.recv(1 << 20)
        received.extend([head.lower(), rest])
        peer.sendall(OK)

    with listening(answer) as host, Client() as client:
        client.send("PUT", f"http://{host}/", {"X": "y"}, content).close()
    assert received[1] == content
    assert b"content-length: %d" % len(content) in received[0]
    assert b"transfer-encoding" not in received[0]


def test_nobody_there_is_said_with_the_reason_and_without_the_address():
    with socket.socket() as free, Client() as client:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionFailedError) as caught:
            client.send("GET", f"http://127.0.0.1:{free.getsockname()[1]}/?signature=secret")
    assert str(caught.value) == "Connection refused"


@pytest.mark.parametrize("password", ["", "us%20er:pa%3Ass@"])
def test_a_proxy_of_the_environment_is_asked_for_everything_else(monkeypatch, password):
    heads = []

    def answer(peer):
        heads.append(asked(peer).decode())
        peer.sendall(OK if heads[-1].startswith("GET") else b"HTTP/1.1 403 no\r\nContent-Length: 0\r\n\r\n")

    with listening(answer) as proxy:
        monkeypatch.setenv("http_proxy", f"http://{password}{proxy}")
        monkeypatch.setenv("https_proxy", f"http://{password}{proxy}")
        monkeypatch.setenv("no_proxy", "direct.example")
        with Client() as client:
            assert body(client, "http://registry.example/v2/") == b"ok"
            with pytest.raises(ConnectionFailedError, match="proxy"):
                body(client, "https://registry.example/v2/")
            with pytest.raises(HttpError):
                body(client, "http://direct.example:1/")
        with Client(proxies=False) as client, pytest.raises(HttpError):
            body(client, "http://registry.invalid/v2/")
    assert [head.partition("\r\n")[0] for head in heads] == [
        "GET http://registry.example/v2/ HTTP/1.1",
        "CONNECT registry.example:443 HTTP/1.0",
    ]
    secret = base64.b64encode(b"us er:pa:ss").decode()
    assert [f"basic {secret}" in head.replace("Basic", "basic") for head in heads] == [bool(password)] * 2


def test_a_proxy_that_trickles_its_consent_is_given_up(hurried, monkeypatch):
    def answer(peer):
        asked(peer)
        trickle(peer, b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100_000)

    with listening(answer) as proxy:
        monkeypatch.setenv("https_proxy", f"http://{proxy}")
        monkeypatch.setenv("no_proxy", "")
        begun = time.monotonic()
        with Client() as client, pytest.raises(HttpError):
            body(client, "https://registry.example/v2/")
        assert time.monotonic() - begun < 3


def test_a_socket_of_this_host_may_take_its_time(hurried, tmp_path):
    def answer(peer):
        asked(peer)
        time.sleep(1)
        peer.sendall(OK)

    client = LocalClient(str(tmp_path / "s"), urllib3.Timeout(connect=1, read=5))
    with listening(answer, str(tmp_path / "s")):
        answer = client.send("GET", "/_ping")
        assert b"".join(answer.pieces()) == b"ok"
        answer.close()
    with pytest.raises(ConnectionFailedError, match="Connection refused"):
        client.send("GET", "/_ping")
    client.close()


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/b?c=%2f", "https://h.example/b?c=%2f"),
        ("c", "https://h.example/a/c"),
        ("https://other.example:8/x", "https://other.example:8/x"),
        ("//other.example/x", "https://other.example/x"),
    ],
)
def test_a_location_is_read_against_the_address_that_was_asked(location, expected):
    assert redirected("https://h.example/a/b", location) == expected


@pytest.mark.parametrize(
    "location",
    [
        "http://h.example/",
        "file:///etc/passwd",
        "https://[::1",
        "https://h:x/",
        "/a\r\nb",
        "/a b",
    ],
)
def test_a_location_that_is_none_or_leads_out_of_tls_is_refused(location):
    with pytest.raises(HttpError):
        redirected("https://h.example/a/b", location)


def test_get_follows_redirects_to_an_end_and_takes_nothing_else():
    def answer(peer):
        while path := asked(peer).partition(b" /")[2].partition(b" ")[0]:
            status, location = {b"once": (302, b"there"), b"loop": (302, b"loop"), b"there": (200, b"")}.get(
                path, (404, b"")
            )
            lines = b"HTTP/1.1 %d x\r\nLocation: /%s\r\nContent-Length: 2\r\n\r\nok"
            peer.sendall(lines % (status, location))

    with listening(answer) as host, Client() as client:
        with client.get(f"http://{host}/once") as found:
            assert b"".join(found.pieces()) == b"ok"
        for path, message in (("loop", "redirects"), ("missing", "HTTP 404")):
            with pytest.raises(HttpError, match=message), client.get(f"http://{host}/{path}"):
                pass
