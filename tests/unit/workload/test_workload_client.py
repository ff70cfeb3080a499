"""The HTTP client against servers that do everything a server may do, and more."""

import gzip
import socket
import time
import zlib

from jettison.limits import BODY_BYTES, RESPONSE_TEXT_BYTES
from jettison.workload.client import fetch
from jettison.workload.steps import HttpRequest

GET = HttpRequest()


def test_an_answer_has_status_lasting_headers_and_body(answering):
    endpoint = answering(
        b"HTTP/1.1 201 Created\r\nContent-Type: text/plain\r\nDate: now\r\nETag: x\r\nX-A: 1\r\nX-A: 2\r\n"
        b"Content-Length: 2\r\n\r\nhi"
    )
    answer = fetch(endpoint, GET)
    assert answer.status == 201
    assert dict(answer.headers) == {"content-type": "text/plain", "x-a": "1, 2"}
    assert answer.body is not None
    assert answer.body.text == "hi"
    assert not answer.body.truncated


def test_a_chunked_body_is_joined(answering):
    endpoint = answering(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"
    )
    assert fetch(endpoint, GET).body.text == "abcde"


def test_a_http_1_0_body_ends_where_the_connection_does(answering):
    assert fetch(answering(b"HTTP/1.0 200 OK\r\n\r\nold"), GET).body.text == "old"


def test_gzip_and_deflate_are_decoded(answering):
    for encoding, data in ((b"gzip", gzip.compress(b"packed")), (b"deflate", zlib.compress(b"packed"))):
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (
            encoding,
            len(data),
        )
        assert fetch(answering(head + data), GET).body.text == "packed"


def test_a_body_that_is_not_what_its_encoding_says_is_an_error(answering):
    endpoint = answering(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope")
    assert fetch(endpoint, GET).error == "the body does not decode as its Content-Encoding says"


def test_a_decompression_bomb_ends_at_the_bound_of_a_body(answering):
    data = gzip.compress(bytes(64 * 1024 * 1024))
    endpoint = answering(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(data) + data
    )
    body = fetch(endpoint, GET).body
    assert body.truncated
    assert body.size <= 2 * BODY_BYTES


def test_a_body_without_end_is_cut_at_its_bound_and_says_so(serve):
    def endless(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    body = fetch(serve(endless), GET).body
    assert body.truncated
    assert body.text is None
    assert BODY_BYTES <= body.size < BODY_BYTES + 65536


def test_a_body_that_drips_is_cut_when_its_time_is_over(serve):
    def dripping(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"tick\n")
            time.sleep(0.02)

    started = time.monotonic()
    body = fetch(serve(dripping), GET, timeout=0.3).body
    assert time.monotonic() - started < 2
    assert body.truncated
    assert body.text.startswith("tick\n")


def test_headers_that_drip_for_ever_do_not_outlast_the_timeout_of_a_request(serve):
    def dripping(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for number in range(50):
            connection.sendall(b"X-%d: y\r\n" % number)
            time.sleep(0.1)

    started = time.monotonic()
    assert fetch(serve(dripping), GET, timeout=0.3).error == "timed out"
    assert time.monotonic() - started < 2


def test_a_server_that_says_nothing_times_out(serve):
    assert fetch(serve(lambda connection: time.sleep(5)), GET, timeout=0.2).error == "timed out"


def test_each_way_not_to_answer_has_its_stable_words(serve, answering):
    def reset(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    unused = serve(lambda connection: None)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        nobody = type(unused)(port=bound.getsockname()[1], scheme=unused.scheme)
        assert fetch(nobody, GET).error == "connection refused"
    assert fetch(serve(reset), GET).error == "connection reset"
    assert fetch(answering(b""), GET).error == "closed without an answer"
    assert (
        fetch(answering(b"-ERR unknown command\r\n"), GET).error == "not a valid HTTP answer (BadStatusLine)"
    )
    assert (
        fetch(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), GET).error
        == "the answer was cut off"
    )
    assert fetch(answering(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500), GET).error.startswith(
        "not a valid HTTP answer"
    )


def test_cookies_are_handed_on_and_their_values_not_kept_in_headers(serve):
    seen = []

    def handler(connection: socket.socket) -> None:
        seen.append(connection.recv(65536))
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=s3cret; Path=/; Expires=Thu, 01 Jan 2099 00:00:00 GMT\r\n"
            b"Set-Cookie: old=; Max-Age=0\r\nContent-Length: 0\r\n\r\n"
        )

    answer = fetch(serve(handler), GET, cookies={"a": "1", "b": "2"})
    assert b"Cookie: a=1; b=2\r\n" in seen[0]
    assert answer.cookies == {"sid": "s3cret", "old": None}
    assert answer.headers["set-cookie"] == "sid; Path=/, old"


def test_the_request_is_sent_with_its_method_headers_and_body(serve):
    seen = []

    def handler(connection: socket.socket) -> None:
        seen.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    request = HttpRequest(
        method="PUT", path="/a?b=c", headers=(("content-type", "application/json"),), body=b"{}"
    )
    assert fetch(serve(handler), request).status == 204
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert head.startswith(b"PUT /a?b=c HTTP/1.1\r\n")
    assert b"content-type: application/json" in head
    assert b"Host: localhost:" in head
    assert body in (b"{}", b"")  # it may come in a segment of its own


def test_a_server_on_ipv6_alone_is_reached(serve):
    def handler(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nv6")

    assert fetch(serve(handler, family=socket.AF_INET6), GET).body.text == "v6"


def test_a_long_text_is_kept_by_its_digest_alone(answering):
    data = b"y" * (RESPONSE_TEXT_BYTES + 1)
    body = fetch(answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data) + data), GET).body
    assert (body.size, body.text, body.truncated) == (len(data), None, False)
