"""What is written is read back the same, by readers of YAML 1.1 and by eye."""

import pytest
import yaml
from deployments import hostile
from hypothesis import given
from hypothesis import strategies as st

from jettison.harden.emit.yaml import Noted, comment, document, quoted

scalars = st.one_of(st.none(), st.booleans(), st.integers(), hostile)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(hostile, inner, max_size=4),
        st.builds(Noted, inner.filter(lambda value: not isinstance(value, Noted)), hostile),
    ),
    max_leaves=20,
)


def bare(value):
    """`value` without its notes."""
    match value:
        case Noted():
            return bare(value.value)
        case dict():
            return {key: bare(item) for key, item in value.items()}
        case list():
            return [bare(item) for item in value]
    return value


@given(values, hostile)
def test_everything_is_read_back_as_it_was(value, head):
    assert yaml.safe_load(document(value, head=head)) == bare(value)


@given(hostile)
def test_a_string_stays_on_its_line_and_is_printable(text):
    assert quoted(text).isprintable()


MISLEADING = [
    *(
        "no",
        "No",
        "on",
        "y",
        "~",
        "null",
        "1e3",
        "0x10",
        "08",
        "0o7",
        "1_0",
        ".5",
        ".inf",
        "1:30",
        "2001-01-01",
    ),
    *(
        "",
        "- a",
        "a: b",
        "a #b",
        "#a",
        " a",
        "a ",
        "=",
        "<<",
        "!x",
        "&a",
        "*a",
        "%a",
        "@a",
        "a:",
        "?",
        "|",
        "{}",
    ),
]


@pytest.mark.parametrize("text", MISLEADING)
def test_what_a_reader_could_misread_is_quoted(text):
    assert quoted(text).startswith('"')


@pytest.mark.parametrize(
    "text", ["web", "shop/web:1", "/tmp", "no-new-privileges:true", "CAP_CHOWN", "a@sha256:0"]
)
def test_what_nobody_can_misread_is_plain(text):
    assert quoted(text) == text


def test_a_short_note_follows_its_value_and_a_long_one_stands_above():
    text = document({"a": Noted(1, "why"), "b": Noted("x", "word " * 40), "c": [Noted({"d": 1}, "each")]})
    lines = text.splitlines()
    assert lines[0] == "a: 1  # why"
    assert [line for line in lines if line.startswith("# word")] == lines[1:3]
    assert lines[3:] == ["b: x", "c:", "  # each", "  - d: 1"]
    assert max(map(len, lines)) <= 110


def test_no_note_can_end_its_comment():
    assert comment("a\r\u2028b: 1\nc") == ["# a  b: 1", "# c"]


def test_a_key_that_no_reader_would_take_is_refused():
    with pytest.raises(ValueError):
        document({"a" * 2000: 1})


def test_other_types_are_refused():
    with pytest.raises(TypeError):
        document({"a": 1.5})
