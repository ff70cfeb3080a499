"""The workload as it is written on the command line and in the image's config."""

import pytest

from jettison.errors import UsageError
from jettison.workload.drive import Driven
from jettison.workload.endpoint import Endpoint, Scheme
from jettison.workload.steps import HttpRequest, Port, Workload, parse_http, parse_workload, printable_path


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("/", HttpRequest()),
        ("  /a?b=c ", HttpRequest(path="/a?b=c")),
        ("head /a", HttpRequest(method="HEAD", path="/a")),
        ("DELETE :8081/a", HttpRequest(method="DELETE", path="/a", port=8081)),
        (":80/", HttpRequest(port=80)),
        ("/café", HttpRequest(path="/caf%C3%A9")),
        ("/a#part", HttpRequest(path="/a")),
    ],
)
def test_a_request_is_method_port_and_path(text, request_):
    assert parse_http(text) == request_


def test_a_request_with_a_body_is_a_json_post():
    request = parse_http('/api {"name": "Ada"}')
    assert (request.method, request.body) == ("POST", b'{"name": "Ada"}')
    assert request.headers == (("content-type", "application/json"),)
    assert parse_http('PUT /api ["a b"]').method == "PUT"


@pytest.mark.parametrize(
    "text", ["", "GET", "http://localhost/", "GET api", "POST /x {not json}", ":0/", ":70000/x", "G3T /"]
)
def test_what_is_no_request_is_refused_with_the_syntax_as_hint(text):
    with pytest.raises(UsageError) as raised:
        parse_http(text)
    assert "--http" in raised.value.hint


def test_steps_are_named_after_source_method_port_and_path():
    assert parse_http("POST :81/x").step == "http POST :81/x"
    assert HttpRequest(path="/a.css", source="crawl").step == "crawl GET /a.css"


def test_exposed_ports_are_read_leniently():
    workload = parse_workload(
        exposed=["80/tcp", "53/UDP", "443", "9/sctp", "x/tcp", "0/tcp", "99999/tcp", "²/tcp"]
    )
    assert workload.ports == (Port(80), Port(53, "udp"), Port(443))


@pytest.mark.parametrize(
    "wrong", [{"exec": [" "]}, {"host_exec": ["a\0b"]}, {"timeout": 0}, {"timeout": -1.0}]
)
def test_what_cannot_be_meant_is_refused(wrong):
    with pytest.raises(UsageError):
        parse_workload(**wrong)


def test_a_replay_repeats_what_was_discovered_and_waits_for_the_same_ports():
    requests = (HttpRequest(), HttpRequest(path="/found", source="crawl"))
    endpoints = (Endpoint(port=80, scheme=Scheme.HTTP),)
    replay = Workload().replaying(Driven((), ready_seconds=0.5, endpoints=endpoints, requests=requests))
    assert (replay.requests, replay.known, replay.ready_timeout) == (requests, endpoints, 10.0)


def test_a_path_for_a_request_line_has_no_space_and_no_control_character():
    assert printable_path("/a b\r\nX: y#z") == "/a%20b%0D%0AX:%20y"
