"""Which requests are made, given the answers so far."""

import json

import pytest

from jettison.errors import UsageError
from jettison.workload.client import Answer
from jettison.workload.endpoint import Endpoint, Scheme
from jettison.workload.responses import content_of
from jettison.workload.steps import HttpRequest, Workload, parse_http
from jettison.workload.web import requests

WEB = (Endpoint(port=80, scheme=Scheme.HTTP), Endpoint(port=443, scheme=Scheme.HTTPS))


def html(text):
    return Answer(200, {"content-type": "text/html"}, content_of(text.encode()))


def play(workload, site, web=WEB[:1]):
    """The steps made when `site` (path → answer) answers; other paths get 404."""
    plan = requests(workload, web)
    steps = []
    request = next(plan, None)
    while request is not None:
        steps.append(request.step)
        try:
            request = plan.send(site.get(request.path, Answer(404)))
        except StopIteration:
            break
    return steps


def test_the_first_page_the_given_requests_and_the_crawl_come_in_this_order():
    workload = Workload(http=(parse_http("/health"), parse_http("POST /api {}")))
    site = {"/": html('<a href="/health"><img src="/logo.svg">'), "/logo.svg": Answer(200)}
    assert play(workload, site) == ["http GET /", "http GET /health", "http POST /api", "crawl GET /logo.svg"]


def test_every_http_port_is_asked_for_its_first_page_and_only_the_first_is_crawled():
    assert play(Workload(), {"/": html('<a href="/a">')}, WEB) == [
        "http GET /",
        "http GET :443/",
        "crawl GET /a",
    ]


def test_nothing_is_crawled_when_that_is_not_wanted():
    assert play(Workload(crawl=False), {"/": html('<a href="/a">')}) == ["http GET /"]


def test_a_redirect_of_the_same_origin_is_followed_and_is_a_step():
    site = {"/": Answer(302, {"location": "/login"}), "/login": html('<a href="/help">')}
    assert play(Workload(), site) == ["http GET /", "redirect GET /login", "crawl GET /help"]


def test_a_post_that_redirects_is_followed_with_get_and_307_is_not():
    workload = Workload(http=(parse_http("POST /a {}"), parse_http("POST /b {}")), crawl=False)
    site = {"/a": Answer(303, {"location": "/done"}), "/b": Answer(307, {"location": "/again"})}
    assert play(workload, site) == ["http GET /", "http POST /a", "redirect GET /done", "http POST /b"]


def test_redirects_to_another_origin_and_to_the_same_page_are_not_followed():
    for target in ("https://example.com/", "http://localhost:81/", "/"):
        assert play(Workload(), {"/": Answer(301, {"location": target})}) == ["http GET /"]


def test_a_ring_of_redirects_ends():
    site = {"/": Answer(302, {"location": "/a"}), "/a": Answer(302, {"location": "/"})}
    assert len(play(Workload(crawl=False), site)) == 6


def test_a_replay_makes_exactly_the_requests_of_before():
    made = (HttpRequest(), HttpRequest(path="/x", source="crawl"))
    assert play(Workload(requests=made), {"/": html('<a href="/new">')}) == ["http GET /", "crawl GET /x"]


def test_without_an_http_port_only_what_was_asked_for_is_tried():
    assert play(Workload(), {}, ()) == []
    assert play(Workload(http=(parse_http("/x"),)), {}, ()) == ["http GET /x"]


DOCUMENT = json.dumps({"openapi": "3.0.0", "paths": {"/items": {"get": {}}}})


def test_an_openapi_document_is_asked_of_the_application_and_its_operations_made():
    answer = Answer(200, {"content-type": "application/json"}, content_of(DOCUMENT.encode()))
    steps = play(Workload(openapi="/openapi.json", crawl=False), {"/openapi.json": answer})
    assert steps == ["http GET /", "openapi GET /openapi.json", "openapi GET /items"]


def test_an_openapi_document_is_read_from_a_file(tmp_path):
    file = tmp_path / "api.json"
    file.write_text(DOCUMENT)
    assert play(Workload(openapi=str(file), crawl=False), {}) == ["http GET /", "openapi GET /items"]


def test_an_openapi_document_that_is_nowhere_is_an_error_of_use():
    for where in ("/nowhere.json", "nowhere.json"):
        with pytest.raises(UsageError, match="nowhere"):
            play(Workload(openapi=where, crawl=False), {})
