"""Noise is never a difference, and a change outside the noise always is."""

import random

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jettison.verify.compare import compare
from jettison.verify.noise import Noise, learn
from jettison.verify.text import hunks, lines_of, pairs, shape, tokens
from jettison.workload.responses import Kind, Response, content_of

ELAPSED = 9.0
PLAIN = st.sampled_from(["alpha", "beta", "gamma", "items", "total", "user", "path", "index", "ready", "ok"])
HOLES = ("number", "id", "uuid", "clock", "word")


def response(text, *, run=0, kind="text/plain"):
    return Response(
        step="s",
        kind=Kind.HTTP,
        at=1_704_110_400 + run * ELAPSED,
        status=200,
        headers={"content-type": kind},
        body=content_of(text.encode()),
    )


def filled(hole, rng, run):
    """What a varying place shows in run `run`."""
    match hole:
        case "number":
            return str(rng.randrange(10**6, 10**8))
        case "id":
            return "a" + "".join(rng.choices("0123456789abcdef", k=15)) + "0f"
        case "uuid":
            digits = "".join(rng.choices("0123456789abcdef", k=32))
            return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        case "clock":
            seconds = 36_000 + int(run * ELAPSED)
            return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        case _:
            return "".join(rng.choices("bcdfghjklmnpqrstvwxz", k=12))


@st.composite
def documents(draw):
    """Lines of words; some places are holes that each run fills in its own way."""
    lines = draw(
        st.lists(
            st.lists(st.one_of(PLAIN, st.sampled_from(HOLES).map(lambda h: (h,))), min_size=1, max_size=6),
            min_size=1,
            max_size=8,
        )
    )
    return [list(line) for line in lines]


def rendered(document, seed, run):
    rng = random.Random(seed * 10 + run)
    return "\n".join(
        " ".join(filled(piece[0], rng, run) if isinstance(piece, tuple) else piece for piece in line)
        for line in document
    )


def json_of(document, seed, run):
    """The same document as nested JSON."""
    rng = random.Random(seed * 10 + run)
    rows = [
        {f"k{n}": filled(p[0], rng, run) if isinstance(p, tuple) else p for n, p in enumerate(line)}
        for line in document
    ]
    return msgspec.json.encode({"rows": rows}).decode()


def differences(first, second, candidate, kind):
    a, b, c = (response(text, run=n, kind=kind) for n, text in enumerate((first, second, candidate)))
    return compare([a], [c], learn([a], [b]))


@given(documents(), st.integers(0, 999))
def test_a_run_with_other_noise_is_no_difference(document, seed):
    for render, kind in ((rendered, "text/plain"), (json_of, "application/json")):
        texts = [render(document, seed, run) for run in range(3)]
        assert differences(*texts, kind) == []


@given(documents(), st.integers(0, 999), st.data())
def test_a_fixed_word_that_changes_is_always_found(document, seed, data):
    places = [
        (n, m) for n, line in enumerate(document) for m, piece in enumerate(line) if isinstance(piece, str)
    ]
    assume(places)
    row, column = data.draw(st.sampled_from(places))
    changed = [list(line) for line in document]
    changed[row][column] = data.draw(st.sampled_from(["CHANGED", "12345", "", "Error"]))
    for render, kind in ((rendered, "text/plain"), (json_of, "application/json")):
        first, second = (render(document, seed, run) for run in range(2))
        assert differences(first, second, render(changed, seed, 2), kind) != []


@given(documents(), st.integers(0, 999), st.data())
def test_a_line_or_item_that_is_missing_is_always_found(document, seed, data):
    assume(len(document) > 1)
    shorter = list(document)
    del shorter[data.draw(st.integers(0, len(document) - 1))]
    for render, kind in ((rendered, "text/plain"), (json_of, "application/json")):
        first, second = (render(document, seed, run) for run in range(2))
        assert differences(first, second, render(shorter, seed, 2), kind) != []


@given(documents(), st.integers(0, 999), st.data())
def test_a_line_of_trouble_is_always_found_wherever_it_comes(document, seed, data):
    lines = rendered(document, seed, 2).split("\n")
    lines.insert(data.draw(st.integers(0, len(lines))), "Error: cannot open /usr/lib/x.so")
    first, second = (rendered(document, seed, run) for run in range(2))
    assert differences(first, second, "\n".join(lines), "text/plain") != []


@given(st.text(max_size=200), st.text(max_size=200))
def test_without_noise_exactly_other_texts_differ_but_for_line_ends(first, second):
    found = compare([response(first)], [response(second)], Noise())
    if first == second:
        assert found == []
    elif not found:  # what may be overlooked: line ends, durations, and clocks that went on
        assert [shape(line) for line in lines_of(first)] == [shape(line) for line in lines_of(second)]


@given(st.text(max_size=300))
def test_tokens_make_up_their_line(line):
    assert "".join(tokens(line)) == line


@given(st.lists(st.sampled_from("abcd"), max_size=12), st.lists(st.sampled_from("abcd"), max_size=12))
def test_pairs_account_for_every_line_that_is_not_equal(first, second):
    found = list(pairs(first, second))
    left = [i for i, _ in found if i is not None]
    right = [j for _, j in found if j is not None]
    assert len(set(left)) == len(left)
    assert len(set(right)) == len(right)
    kept = [line for i, line in enumerate(first) if i not in left]
    assert kept == [line for j, line in enumerate(second) if j not in right]


@given(st.lists(st.sampled_from("abcd"), max_size=12), st.lists(st.sampled_from("abcd"), max_size=12))
def test_replacing_hunks_turns_one_line_into_the_other(first, second):
    out, position = [], 0
    for hunk in hunks(first, second):
        out += first[position : hunk.start] + second[hunk.other_start : hunk.other_end]
        position = hunk.end
    assert out + first[position:] == second


@settings(max_examples=50)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda c: st.lists(c) | st.dictionaries(st.text(), c),
    )
)
def test_any_json_is_compared_without_failing_and_equals_itself(value):
    text = msgspec.json.encode(value).decode()
    assert differences(text, text, text, "application/json") == []
