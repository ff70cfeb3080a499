"""What is learned from two runs of the original, and what is not."""

import msgspec
import pytest

from jettison.verify.noise import Noise, Span, learn
from jettison.verify.text import ALL, Token
from jettison.workload.responses import Kind, Response, content_of

ELAPSED = 7.0


def answer(text, *, run=0, status=200, kind="text/plain", step="http GET /", **fields):
    return Response(
        step=step,
        kind=Kind.HTTP,
        at=1_704_110_400 + run * ELAPSED,
        status=status,
        headers={"content-type": kind, **fields.pop("headers", {})},
        body=content_of(text.encode() if isinstance(text, str) else text),
        **fields,
    )


def body_noise(first, second, kind="text/plain"):
    noise = learn([answer(first, kind=kind)], [answer(second, run=1, kind=kind)])
    return noise.steps["http GET /"].parts["body"] if noise.steps else None


def test_equal_runs_have_no_noise():
    assert learn([answer("a")], [answer("a", run=1)]) == Noise()


def test_a_number_an_identifier_and_a_word_are_told_apart():
    found = body_noise("pid 12 id deadbeef01 for Ada\n", "pid 345 id 0123456789ab for Bob\n")
    assert found.spans == {
        0: {Span(2, 3, Token.NUMBER), Span(6, 7, Token.ID), Span(10, 11, Token.ANY)},
    }


def test_what_lies_between_is_learned_where_the_number_of_words_varies():
    assert body_noise("hello Ada Lovelace!", "hello Bob!").spans == {0: {Span(2, 5, Token.ANY)}}


def test_clocks_and_durations_need_not_be_learned():
    assert body_noise("at 2024-01-01T12:00:00Z in 3 ms", "at 2024-01-01T12:00:07Z in 4 ms") is None
    assert body_noise('{"now": 1704110400}', '{"now": 1704110407}') is None


def test_a_time_that_is_no_clock_is_learned_as_any_time():
    assert body_noise("due 10:00:00", "due 17:30:00").spans == {0: {Span(2, 3, Token.TIME)}}


def test_lines_that_come_and_go_are_learned_with_what_they_say():
    found = body_noise("a\nwarm 5\nb\n", "a\nb\ncold 7\n")
    assert found.optional == {1}
    assert found.extra == {"cold \0number\0"}


def test_json_is_learned_value_by_value():
    found = body_noise('{"id": 5, "name": "x"}', '{"name": "x", "id": 8}', "application/json")
    assert found.spans == {0: {Span(5, 6, Token.NUMBER)}}


def test_lists_and_lines_without_order_are_learned():
    assert body_noise('{"tags": ["a", "b"]}', '{"tags": ["b", "a"]}').sets == {"$.tags"}
    assert body_noise("one\ntwo\n", "two\none\n").sets == {ALL}


def test_binary_that_varies_is_opaque():
    assert body_noise(b"PK\0\xff", b"PK\0\xfe").opaque


def test_headers_and_files_that_only_some_runs_have_are_optional():
    first = answer("", headers={"x-cache": "miss"}, files={"/a": content_of(b"1"), "/b": content_of(b"")})
    second = answer("", run=1, headers={"x-other": "1"}, files={"/a": content_of(b"2")})
    noise = learn([first], [second]).steps["http GET /"]
    assert noise.optional == {"header x-cache", "header x-other", "file /b"}
    assert noise.parts["file /a"].spans == {0: {Span(0, 1, Token.NUMBER)}}


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (answer("a", status=500), "status 200, then 500"),
        (answer("a", error="timed out"), "error none, then timed out"),
        (answer("a", step="another"), "not reached in every run"),
    ],
)
def test_a_step_that_turns_out_otherwise_is_unstable(second, why):
    assert learn([answer("a")], [second]).unstable["http GET /"] == why


def test_what_commands_on_the_host_print_is_learned_by_what_the_lines_say():
    def command(text):
        return Response(
            step="s", kind=Kind.HOST_EXEC, exit_code=0, stdout=content_of(text), stderr=content_of(b"")
        )

    noise = learn([command(b"rate 15.1/s\nwarm\n")], [command(b"rate 17/s\ncold\n")])
    assert noise.steps["s"].parts["stdout"].extra == {"warm", "cold"}


def test_more_runs_teach_more():
    runs = [[answer(text, run=n)] for n, text in enumerate(("a 1 x", "a 2 x", "a 1 y"))]
    assert len(learn(runs[0], runs[1]).steps["http GET /"].parts["body"].spans[0]) == 1
    assert len(learn(*runs).steps["http GET /"].parts["body"].spans[0]) == 2


def test_noise_survives_json():
    noise = learn([answer("a 1\nb\n")], [answer("a 2\nc\nd\n", run=1, status=200)])
    assert msgspec.json.decode(msgspec.json.encode(noise), type=Noise) == noise
