"""Texts as lines and tokens, and which of them answer to each other."""

import time

import pytest

from jettison.verify.text import (
    ALL,
    Token,
    gist,
    hunks,
    is_duration,
    kind_of,
    lines_of,
    pairs,
    sets_of,
    shape,
    tokens,
)


def test_json_becomes_a_line_for_each_value_sorted_by_key():
    text = '{"b": [1, {"c": "x y"}], "a": null, "e": {}, "f": []}'
    assert lines_of(text) == ["$.a: null", "$.b[0]: 1", '$.b[1].c: "x y"', "$.e: {}", "$.f: []"]


def test_what_only_looks_like_json_stays_text():
    assert lines_of("[INFO] started\n{x}") == ["[INFO] started", "{x}"]
    assert lines_of("5 apples", kind="application/json") == ["5 apples"]


def test_json_that_would_grow_without_measure_stays_text():
    text = '{"' + "k" * 100_000 + '":[' + ",".join("1" * 1 for _ in range(1000)) + "]}"
    assert lines_of(text) == [text]


def test_markup_becomes_a_line_for_each_tag():
    assert lines_of("<ul><li>a</li><li>b</li></ul>", kind="text/html") == [
        "<ul>",
        "<li>a</li>",
        "<li>b</li>",
        "</ul>",
    ]


def test_progress_that_overwrites_itself_is_lines():
    assert lines_of("10%\r50%\r\ndone") == ["10%", "50%", "", "done"]


def test_tokens_vary_as_a_whole_and_make_up_the_line():
    line = 'id=3fa85f64-5717-4562-b3fc-2c963f66afa6 at 2024-01-01T12:00:00Z took 1.5ms, naïve "x"'
    pieces = tokens(line)
    assert "".join(pieces) == line
    for piece in ("3fa85f64-5717-4562-b3fc-2c963f66afa6", "2024-01-01T12:00:00Z", "1.5", "ms", "naïve"):
        assert piece in pieces


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("5", Token.NUMBER),
        ("1.5e-3", Token.NUMBER),
        ("12:00:00", Token.TIME),
        ("deadbeef01", Token.ID),
        ("a1B2-c3D4_e5", Token.ID),
        ("word", Token.ANY),
        ("abcdefghijkl", Token.ANY),
        ("", Token.ANY),
    ],
)
def test_the_kind_of_a_token_is_seen_from_its_looks(text, kind):
    assert kind_of(text) is kind


def test_lines_of_one_shape_differ_in_numbers_identifiers_and_times_alone():
    assert shape("GET /a1b2c3d4e5 200 12:00:00") == shape("GET /ffff000011 404 13:59:59")
    assert shape("ok 1") != shape("not ok 1")


def test_the_gist_of_a_line_is_without_numbers_and_spacing_save_where_it_speaks_of_trouble():
    assert gist("  50%      1") == gist(" 100%     12")
    assert gist("Failed requests: 0") != gist("Failed requests: 5")
    assert gist("12:00:00 failed 3") == gist("12:00:05 failed 3")


def test_a_number_before_a_unit_of_time_is_a_duration():
    for line in ("took 5ms", "took 5 seconds", "5 s", "5 µs"):
        pieces = tokens(line)
        assert is_duration(pieces, pieces.index("5"))
    for line in ("5 sails", "5 files", "5"):
        assert not is_duration(tokens(line), 0)


def test_lines_of_tokens_of_one_length_are_compared_by_position_others_by_what_is_between():
    assert [tuple(h) for h in hunks(list("axbyc"), list("aXbYc"))] == [(1, 2, 1, 2), (3, 4, 3, 4)]
    assert [tuple(h) for h in hunks(list("abc"), list("axyzc"))] == [(1, 2, 1, 4)]
    assert list(hunks(list("abc"), list("abc"))) == []


def test_equal_lines_are_no_pairs_and_changed_ones_are():
    assert list(pairs(["a", "b", "c"], ["a", "x", "c"])) == [(1, 1)]
    assert list(pairs(["a", "b"], ["a", "b"])) == []


def test_a_line_that_is_missing_or_new_has_no_partner():
    assert list(pairs(["a", "b", "c", "d"], ["a", "b", "d"])) == [(2, None)]
    assert list(pairs(["a"], ["a", "b"])) == [(None, 1)]


def test_lines_are_paired_by_what_they_say_when_some_are_missing():
    first = ["x 1", "alpha 1", "beta 2", "gamma 3", "y 1"]
    second = ["x 2", "alpha 5", "gamma 7", "y 2"]
    assert sorted(pairs(first, second), key=str) == sorted(
        [(0, 0), (1, 1), (2, None), (3, 2), (4, 3)], key=str
    )


def test_sets_are_found_in_json_and_in_text():
    assert sets_of('{"a":[1,2],"b":[1,2]}', '{"a":[2,1],"b":[1,2]}') == {"$.a"}
    assert sets_of('[{"m":["x","y"]}]', '[{"m":["y","x"]}]') == {"$[].m"}
    assert sets_of(
        '[{"i":1,"t":"12:00:00"},{"i":2,"t":"12:00:00"}]', '[{"i":2,"t":"12:00:05"},{"i":1,"t":"12:00:05"}]'
    ) == {"$"}
    assert sets_of("b\na\n", "a\nb\n") == {ALL}
    assert sets_of("1\n2", "2\n1") == {ALL}
    for first, second in (
        ("a\nb", "a\nc"),
        ("[1,2]", "[2,3]"),
        ("a", "a"),
        ("[1]", "[1,1]"),
        ('{"a":[1,2]}', "[2,1]"),
    ):
        assert sets_of(first, second) == set()


def test_long_lists_of_alike_lines_are_paired_in_reasonable_time():
    first = [f"row {n}" for n in range(20_000)]
    started = time.monotonic()
    assert len(list(pairs(first, [f"row {n + 1}" for n in range(19_990)]))) >= 10
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "text", ["a-" * 200_000, "1" * 400_000, "Mon, " * 80_000, "12:" * 130_000, "a1-" * 130_000, "f" * 400_000]
)
def test_tokens_of_hostile_texts_take_linear_time(text):
    started = time.monotonic()
    assert "".join(tokens(text)) == text
    shape(text)
    assert time.monotonic() - started < 5
