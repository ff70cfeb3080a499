"""Answers of an application that wants to stall, flood or mislead whoever looks at them."""

import json
import time

import pytest

from jettison.limits import RESPONSE_TEXT_BYTES
from jettison.verify.compare import compare
from jettison.verify.noise import Noise, learn
from jettison.workload.client import Answer
from jettison.workload.crawl import links
from jettison.workload.endpoint import Endpoint, Scheme
from jettison.workload.openapi import requests
from jettison.workload.responses import Kind, Response, content_of

HERE = Endpoint(port=80, scheme=Scheme.HTTP)
SIZE = RESPONSE_TEXT_BYTES // 4  # enough to tell what is not linear


def repeated(piece):
    return (piece * (SIZE // len(piece) + 1))[:SIZE]


def response(text, *, kind="text/plain"):
    return Response(
        step="s", kind=Kind.HTTP, status=200, headers={"content-type": kind}, body=content_of(text.encode())
    )


PAGES = [
    "<a ",
    "<a href=",
    '<a href="',
    "<a href='x' ",
    "<a'\"",
    '<a "" ',
    "<!--",
    "<!-- --",
    "<a href=x>",
    "<base href=x>",
    "url(",
    "url('",
    "url( ",
    "@import '",
    "<style>",
    "<a srcset=',,,,,",
    "&#x41;&amp",
    "a=b ",
]


@pytest.mark.parametrize("piece", PAGES)
@pytest.mark.parametrize("kind", ["text/html", "text/css"])
def test_links_of_any_page_are_found_in_linear_time(piece, kind):
    page = Answer(200, {"content-type": kind}, content_of(repeated(piece).encode()))
    started = time.monotonic()
    links("/", page, HERE)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "piece", ["a\nb\n", "1 ", "x1 \n", "a-", "{", "[1,", "<a><b>", "12:00 ", "\r", "é", "error 1\n"]
)
def test_any_two_texts_are_compared_in_reasonable_time(piece):
    first, second = repeated(piece), "y" + repeated(piece)[:-3] + "z"
    started = time.monotonic()
    noise = learn([response(first)], [response(second)])
    compare([response(first)], [response(second[1:])], noise)
    assert time.monotonic() - started < 8


def test_json_with_long_paths_and_many_values_is_compared_in_bounded_memory():
    value = [1] * 50_000
    for _ in range(50):
        value = {"k" * 5000: value}
    text = json.dumps(value)
    assert compare([response(text)], [response(text + " ")], Noise()) != []


@pytest.mark.parametrize("depth", [100, 100_000])
def test_json_that_is_nested_without_measure_is_compared_as_text(depth):
    text = "[" * depth + "]" * depth
    assert compare([response(text)], [response(text)], Noise()) == []
    assert compare([response(text)], [response("[" + text + "]")], Noise()) != []


def test_schemas_that_multiply_end():
    schemas = {f"S{n}": {"allOf": [{"$ref": f"#/components/schemas/S{n + 1}"}] * 10} for n in range(20)}
    schemas["S20"] = {
        "type": "object",
        "properties": {f"p{n}": {"$ref": "#/components/schemas/S0"} for n in range(10)},
    }
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}}}
    document = {
        "openapi": "3.0.0",
        "paths": {"/": {"post": {"requestBody": body}}},
        "components": {"schemas": schemas},
    }
    started = time.monotonic()
    assert len(requests(json.dumps(document).encode(), "x")) == 1
    assert time.monotonic() - started < 10


def test_properties_that_multiply_end():
    names = [f"p{n}" for n in range(10)]
    schemas = {
        f"S{n}": {
            "properties": {p: {"$ref": f"#/components/schemas/S{n + 1}"} for p in names},
            "required": names,
        }
        for n in range(20)
    }
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}}}
    document = {
        "openapi": "3.0.0",
        "paths": {"/": {"post": {"requestBody": body}}},
        "components": {"schemas": schemas},
    }
    started = time.monotonic()
    assert len(requests(json.dumps(document).encode(), "x")[0].body) < 2_000_000
    assert time.monotonic() - started < 10


def test_headers_and_paths_from_a_document_cannot_add_lines_to_a_request():
    operation = {
        "parameters": [{"name": "X", "in": "header", "required": True, "example": "a\r\nEvil: 1"}],
        "requestBody": {"content": {"text/plain\r\nEvil: 2": {"example": "x"}}},
    }
    request = requests(
        json.dumps({"openapi": "3.0.0", "paths": {"/a\r\nEvil: 3": {"post": operation}}}).encode(), "x"
    )[0]
    assert "\r" not in request.path + "".join(v for pair in request.headers for v in pair)
    assert "\n" not in request.path + "".join(v for pair in request.headers for v in pair)
