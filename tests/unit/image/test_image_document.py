"""Strict JSON."""

import json

import pytest

from jettison.errors import InvalidInputError, LimitError
from jettison.image.document import canonical, parse_json, parse_json_list


def test_an_object_is_read():
    assert parse_json(b'{"a": [1, "\xc3\xbc", null, true]}', "it") == {"a": [1, "ü", None, True]}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b'"text"',
        b'{"a": 1, "a": 2}',
        b'{"x": {"a": 1, "a": 2}}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1} trailing',
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": "\xff"}',
        b'{"a": "\\ud800"}',
        b'{"a": ' + b"1" * 10_000 + b"}",
        b'{"a": ',
        b"{'a': 1}",
    ],
)
def test_what_two_programs_could_read_differently_is_refused(raw):
    with pytest.raises(InvalidInputError, match="the document"):
        parse_json(raw, "the document")


@pytest.mark.parametrize(
    "raw", [b'{"a":' * 100_000, b'{"a":' + b"[" * 100_000, b'{"a":' + b"[" * 65 + b"]" * 65 + b"}"]
)
def test_deep_nesting_is_refused_before_it_costs_anything(raw):
    with pytest.raises(LimitError, match="nested"):
        parse_json(raw, "the document")


def test_brackets_in_strings_are_not_nesting():
    assert parse_json(json.dumps({"a": "[{" * 1000 + '\\"'}).encode(), "it")["a"].startswith("[{")


def test_a_document_over_the_limit_is_refused():
    with pytest.raises(LimitError, match="bytes"):
        parse_json(b" " * (4 * 1024 * 1024 + 1), "it")


def test_the_key_of_an_error_cannot_move_the_cursor():
    with pytest.raises(InvalidInputError) as caught:
        parse_json(b'{"\\u001b[2J": 1, "\\u001b[2J": 2}', "it")
    assert "\x1b" not in str(caught.value)


def test_a_list_is_read_as_strictly():
    assert parse_json_list(b'[{"a": 1}]', "it") == [{"a": 1}]
    for raw in (b"{}", b'[1], "x": [2]', b'[{"a":1,"a":2}]', b""):
        with pytest.raises(InvalidInputError):
            parse_json_list(raw, "it")


def test_canonical_json_is_compact_sorted_and_utf8():
    assert canonical({"b": 1, "a": "ü"}) == '{"a":"ü","b":1}'.encode()
