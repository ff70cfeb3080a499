"""Requests made from OpenAPI and Swagger documents."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from jettison.limits import OPENAPI_REQUESTS
from jettison.workload.openapi import requests


def made(paths, **root):
    return requests(json.dumps({"openapi": "3.1.0", "paths": paths, **root}).encode(), "api.json")


def body_of(schema, kind="application/json", **root):
    operation = {"requestBody": {"content": {kind: {"schema": schema}}}}
    return made({"/": {"post": operation}}, **root)[0]


def test_every_operation_is_made_once_reads_before_writes_and_deletes_last():
    paths = {"/b": {"delete": {}, "get": {}, "parameters": []}, "/a": {"post": {}, "get": {}, "trace": {}}}
    steps = [request.step for request in made(paths)]
    assert steps == ["openapi GET /b", "openapi GET /a", "openapi POST /a", "openapi DELETE /b"]


def test_parameters_go_where_they_belong():
    operation = {
        "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
            {"name": "q", "in": "query", "required": True, "schema": {"type": "string"}},
            {"name": "tags", "in": "query", "schema": {"type": "array"}, "example": ["a", "b"]},
            {"name": "page", "in": "query", "schema": {"type": "integer", "default": 1}},
            {"name": "unasked", "in": "query", "schema": {"type": "string"}},
            {"name": "X-Trace", "in": "header", "required": True, "schema": {"enum": ["on", "off"]}},
            {"name": "Accept", "in": "header", "required": True, "schema": {"type": "string"}},
            {"name": "sid", "in": "cookie", "required": True, "schema": {"const": "c 1"}},
        ]
    }
    request = made({"/items/{id}": {"get": operation}})[0]
    assert urlsplit(request.path).path == "/items/1"
    assert parse_qs(urlsplit(request.path).query) == {"q": ["text"], "tags": ["a", "b"], "page": ["1"]}
    assert dict(request.headers) == {"X-Trace": "on", "cookie": "sid=c%201"}


def test_an_operation_overrides_the_parameters_of_its_path():
    shared = {"name": "v", "in": "query", "required": True, "schema": {"const": "path"}}
    own = {**shared, "schema": {"const": "own"}}
    assert made({"/": {"parameters": [shared], "get": {"parameters": [own]}}})[0].path == "/?v=own"


def test_references_into_the_document_are_followed_and_others_are_not():
    root = {"components": {"schemas": {"A/B": {"type": "object", "properties": {"n": {"type": "integer"}}}}}}
    assert body_of({"$ref": "#/components/schemas/A~1B"}, **root).body == b'{"n":1}'
    assert body_of({"$ref": "http://example.com/schema"}).body == b'"text"'
    assert body_of({"$ref": "#/nowhere"}).body == b'"text"'


def test_a_schema_that_contains_itself_ends():
    node = {
        "type": "object",
        "properties": {"next": {"$ref": "#/components/schemas/N"}},
        "required": ["next"],
    }
    body = json.loads(body_of({"$ref": "#/components/schemas/N"}, components={"schemas": {"N": node}}).body)
    assert set(body) == {"next"}
    ring = {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}
    assert body_of({"$ref": "#/components/schemas/A"}, components={"schemas": ring}).body == b'"text"'


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"example": {"any": 1}}, {"any": 1}),
        ({"examples": [7]}, 7),
        ({"type": "string", "default": "d"}, "d"),
        ({"enum": ["x", "y"]}, "x"),
        ({"type": "boolean"}, True),
        ({"type": ["null", "integer"]}, 1),
        ({"type": "integer", "minimum": 5, "exclusiveMinimum": True}, 6),
        ({"type": "integer", "exclusiveMinimum": 5}, 6),
        ({"type": "integer", "maximum": -3}, -3),
        ({"type": "integer", "minimum": 10, "multipleOf": 4}, 12),
        ({"type": "number", "minimum": 0.5}, 0.5),
        ({"type": "string", "minLength": 6, "maxLength": 7}, "textxx"),
        ({"type": "string", "maxLength": 2}, "te"),
        ({"type": "string", "format": "email"}, "ada@example.com"),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [1, 1]),
        ({"properties": {"a": {"type": "null"}, "b": {"readOnly": True}}}, {"a": None}),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, {"key": 1}),
        ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, 1),
        (
            {"allOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"b": {"const": 2}}}]},
            {"a": 1, "b": 2},
        ),
        (True, "text"),
    ],
)
def test_a_value_is_what_its_schema_allows(schema, value):
    assert json.loads(body_of(schema).body) == value


def test_a_json_body_is_preferred_and_forms_are_encoded():
    schema = {"type": "object", "properties": {"a b": {"const": "c&d"}}}
    content = {"multipart/form-data": {"schema": schema}, "application/vnd.x+json": {"schema": schema}}
    request = made({"/": {"post": {"requestBody": {"content": content}}}})[0]
    assert (request.body, dict(request.headers)) == (
        b'{"a b":"c&d"}',
        {"content-type": "application/vnd.x+json"},
    )
    assert body_of(schema, "application/x-www-form-urlencoded").body == b"a+b=c%26d"
    multipart = body_of(schema, "multipart/form-data")
    assert b'name="a%20b"\r\n\r\nc&d\r\n' in multipart.body
    assert dict(multipart.headers)["content-type"].startswith("multipart/form-data; boundary=")
    assert body_of({"const": "plain"}, "text/plain").body == b"plain"


def test_paths_are_below_that_of_the_server():
    assert made({"/x": {"get": {}}}, servers=[{"url": "https://api.example.com/v1/"}])[0].path == "/v1/x"
    assert made({"/x": {"get": {}}}, servers=[{"url": "/{stage}"}])[0].path == "/x"


def test_swagger_2_has_its_base_path_body_and_form_parameters():
    document = {
        "swagger": "2.0",
        "basePath": "/api",
        "paths": {
            "/a": {"post": {"parameters": [{"name": "body", "in": "body", "schema": {"const": {"x": 1}}}]}},
            "/b": {
                "post": {"parameters": [{"name": "f", "in": "formData", "type": "integer", "minimum": 3}]}
            },
            "/c": {
                "get": {"parameters": [{"name": "n", "in": "query", "required": True, "type": "integer"}]}
            },
        },
    }
    found = {r.path: r for r in requests(json.dumps(document).encode(), "swagger.json")}
    assert found["/api/a"].body == b'{"x":1}'
    assert found["/api/b"].body == b"f=3"
    assert "/api/c?n=1" in found


def test_the_number_of_requests_is_bounded():
    assert len(made({f"/{n}": {"get": {}} for n in range(OPENAPI_REQUESTS + 50)})) == OPENAPI_REQUESTS


def test_nonsense_where_the_format_wants_something_else_is_passed_over():
    paths = {"/": {"get": {"parameters": [None, 3, {"name": 1}], "requestBody": []}}, "x": {}, "/y": None}
    assert [r.path for r in made(paths, servers="no", components=3)] == ["/"]
    assert [
        r.path for r in made({"/": {"post": {"parameters": {"a": 1}, "requestBody": {"content": []}}}})
    ] == ["/"]
