"""OpenAPI documents in JSON and YAML, also from an application that means harm."""

import time

import pytest

from jettison.errors import LimitError, UsageError
from jettison.workload.apidoc import MAX_DOCUMENT_BYTES, load

YAML = b"""
openapi: 3.0.0
info: {version: 2024-01-01}
paths:
  /on:
    get:
      responses:
        200: {description: fine}
"""


def test_json_and_yaml_say_the_same():
    document = load(YAML, "api.yaml")
    assert document["paths"] == {"/on": {"get": {"responses": {"200": {"description": "fine"}}}}}
    assert document["info"] == {"version": "2024-01-01"}
    assert load(b'{"swagger": "2.0"}', "api.json") == {"swagger": "2.0"}


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{",
        b"[1]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b"- " * 10_000,
        b"openapi",
        b"openapi: [",
        b"a: 2024-99-99",
    ],
)
def test_what_is_no_openapi_document_is_refused(document):
    with pytest.raises(UsageError, match="api"):
        load(document, "api")


def test_aliases_of_yaml_are_refused_because_they_multiply():
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 9))
    started = time.monotonic()
    with pytest.raises(UsageError, match="aliases"):
        load(b"openapi: 3.0.0\nl0: &l0 [x]\n" + levels.encode(), "api.yaml")
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("tag", [b"!!python/object/apply:os.getcwd []", b"!!python/name:os.system", b"!x y"])
def test_tags_of_yaml_make_no_objects(tag):
    with pytest.raises(UsageError):
        load(b"openapi: " + tag, "api.yaml")


def test_documents_over_the_bounds_are_refused():
    with pytest.raises(LimitError):
        load(b" " * (MAX_DOCUMENT_BYTES + 1), "x")
    with pytest.raises(LimitError, match="2097152"):
        load(b"openapi: 3.0.0\n" + b"#" * 3_000_000, "x")
