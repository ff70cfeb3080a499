"""Which HTTP requests are made, decided from the answers so far. No input or output happens here."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from pathlib import Path

from jettison.errors import UsageError
from jettison.limits import CRAWL_TIMEOUT_S, RESPONSE_TEXT_BYTES
from jettison.workload import openapi
from jettison.workload.apidoc import MAX_DOCUMENT_BYTES
from jettison.workload.client import Answer
from jettison.workload.crawl import Crawl, same_origin
from jettison.workload.endpoint import Endpoint
from jettison.workload.steps import HttpRequest, Workload

Plan = Generator[HttpRequest, Answer, None]
"""Yields a request and is sent its answer."""

_REDIRECTS = 5
_GET_AFTER = frozenset((301, 302, 303))
"""Redirects after which every client asks with GET (RFC 9110, 15.4)."""
_KEEPING = frozenset((307, 308))


def requests(workload: Workload, web: Sequence[Endpoint]) -> Plan:
    """The requests of `workload` to the HTTP ports `web`, best first: `/` of each, the given ones, the crawl
    of the first, OpenAPI. Of a replay exactly those that were made before.

    Raises UsageError for an OpenAPI document that cannot be read.
    """
    if workload.requests is not None:
        yield from _each(workload.requests)
    elif web:
        yield from _discovered(workload, web)
    else:
        yield from _each(workload.http)


def _discovered(workload: Workload, web: Sequence[Endpoint]) -> Plan:
    given = [HttpRequest(), *(HttpRequest(port=endpoint.port) for endpoint in web[1:])]
    given += [request for request in workload.http if request not in given]
    crawl = Crawl(web[0], seen=(r.path for r in given if r.method == "GET" and r.port is None))
    for request in given:
        yield from _followed(request, web, crawl)
    if workload.crawl:
        yield from _crawled(crawl)
    if workload.openapi is not None:
        yield from _described(workload.openapi)


def _each(given: Sequence[HttpRequest]) -> Plan:
    for request in given:  # noqa: UP028 - a tuple's iterator cannot be sent an answer
        yield request


def _followed(request: HttpRequest, web: Sequence[Endpoint], crawl: Crawl) -> Plan:
    """`request`, and where its answer leads to; a redirect to another origin is not followed."""
    for _ in range(_REDIRECTS + 1):
        answer = yield request
        target = _redirect(request, answer, _endpoint(request, web))
        if target is not None:
            crawl.skip(target.path)
        if request.port is None and request.method == "GET":
            crawl.learn(request, answer)
        if target is None:
            return
        request = target


def _endpoint(request: HttpRequest, web: Sequence[Endpoint]) -> Endpoint:
    return next((e for e in web if e.port == request.port), web[0])


def _redirect(request: HttpRequest, answer: Answer, endpoint: Endpoint) -> HttpRequest | None:
    keeps = answer.status in _KEEPING and request.method in ("GET", "HEAD")
    if not (answer.status in _GET_AFTER or keeps) or "location" not in answer.headers:
        return None
    base = f"{endpoint.scheme}://localhost:{endpoint.port}{request.path}"
    path = same_origin(base, answer.headers["location"], endpoint)
    if path is None or path == request.path:
        return None
    return HttpRequest(path=path, port=request.port, source="redirect")


def _crawled(crawl: Crawl) -> Plan:
    deadline = time.monotonic() + CRAWL_TIMEOUT_S
    for request, depth in crawl:
        if time.monotonic() > deadline:
            return
        answer = yield request
        crawl.learn(request, answer, depth)


def _described(where: str) -> Plan:
    """The requests that the OpenAPI document `where` describes: a file on this host, or a path of the
    application."""
    if Path(where).is_file():
        with open(where, "rb") as file:
            document = file.read(MAX_DOCUMENT_BYTES + 1)
    elif where.startswith("/"):
        answer = yield HttpRequest(path=where, source="openapi")
        if answer.status != 200 or answer.body is None or answer.body.text is None:
            raise UsageError(
                f"--openapi {where}: no document is served there ({answer.error or answer.status})",
                hint=f"name a file, or a path that answers with JSON of at most {RESPONSE_TEXT_BYTES} bytes",
            )
        document = answer.body.text.encode()
    else:
        raise UsageError(f"--openapi {where}: no such file", hint="a path of the application starts with /")
    yield from _each(openapi.requests(document, where))
