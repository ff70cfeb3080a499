"""What is spoken at a port, found by asking."""

import socket
import ssl
import subprocess
import time

import pytest

from jettison.workload.endpoint import Scheme
from jettison.workload.probe import Found, ask


def probe(endpoint, *, accepted=lambda: True, within=3.0, quiet=0.3):
    return ask(endpoint, accepted=accepted, deadline=time.monotonic() + within, quiet=quiet)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A self-signed certificate with its key, as one file."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    files = ["-keyout", f"{path}.key", "-out", f"{path}.crt", "-subj", "/CN=test", "-days", "1"]
    subprocess.run([*command, *files], check=True, capture_output=True)
    path.write_bytes(
        path.with_name("both.pem.key").read_bytes() + path.with_name("both.pem.crt").read_bytes()
    )
    return path


def over_tls(certificate, answer):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def handler(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(1000)
            secure.sendall(answer)

    return handler


def test_any_http_status_but_not_yet_is_an_answer(answering):
    for status in (b"200 OK", b"301 Moved", b"404 Not Found", b"400 Bad", b"500 Oops"):
        assert probe(answering(b"HTTP/1.1 " + status + b"\r\n\r\n")) == Found(Scheme.HTTP)


def test_a_proxy_without_its_application_is_still_starting(answering):
    for status in (b"502 Bad Gateway", b"503 Service Unavailable", b"504 Gateway Timeout"):
        assert probe(answering(b"HTTP/1.0 " + status + b"\r\n\r\n")) == Found(Scheme.HTTP, starting=True)


def test_another_protocol_that_answers_is_plain_tcp(answering):
    assert probe(answering(b"-ERR unknown command 'GET'\r\n")) == Found(Scheme.TCP)


def test_a_server_that_accepts_and_hangs_up_cannot_be_told_yet(serve):
    assert probe(serve(lambda connection: None)) == Found(hung_up=True)


def test_a_server_that_accepted_and_stays_silent_is_plain_tcp(serve):
    started = time.monotonic()
    assert probe(serve(lambda connection: time.sleep(5))) == Found(Scheme.TCP)
    assert time.monotonic() - started < 2


def test_silence_of_a_server_that_has_not_accepted_yet_says_nothing():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        from jettison.workload.endpoint import Endpoint

        endpoint = Endpoint(port=listener.getsockname()[1], scheme=Scheme.TCP)
        assert probe(endpoint, accepted=lambda: False) == Found()


def test_a_slow_first_answer_counts_as_soon_as_it_comes(serve):
    def slow(connection: socket.socket) -> None:
        connection.recv(1000)
        time.sleep(0.6)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    assert probe(serve(slow), quiet=2.0) == Found(Scheme.HTTP)


def test_nobody_there_cannot_be_told_yet(serve):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        endpoint = type(serve(lambda connection: None))(port=bound.getsockname()[1], scheme=Scheme.TCP)
        assert probe(endpoint) == Found()


def test_https_is_found_behind_any_certificate(serve, certificate):
    assert probe(serve(over_tls(certificate, b"HTTP/1.1 200 OK\r\n\r\n"))) == Found(Scheme.HTTPS)


def test_https_is_found_where_plain_http_is_answered_with_400(serve, certificate):
    secure = over_tls(certificate, b"HTTP/1.1 200 OK\r\n\r\n")

    def both(connection: socket.socket) -> None:
        if connection.recv(1, socket.MSG_PEEK) == b"\x16":
            secure(connection)
        else:
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\nspoke plain HTTP to a TLS port")

    assert probe(serve(both)) == Found(Scheme.HTTPS)


def test_another_protocol_within_tls_is_plain_tcp(serve, certificate):
    assert probe(serve(over_tls(certificate, b"* OK IMAP4\r\n"))) == Found(Scheme.TCP)
