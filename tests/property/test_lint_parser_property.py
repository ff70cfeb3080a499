"""The parser against BuildKit's own, and against the bytes it read."""

from __future__ import annotations

import re

import dockerfile
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from jettison.lint.parser import KEYWORDS, parse
from jettison.lint.syntax import Dockerfile, Instruction, Onbuild, Trouble

FRAGMENTS = [
    *(
        "FROM a",
        "FROM --platform=$X a AS b",
        "RUN",
        "run apt-get install -y x",
        "ENV A b",
        'ENV A=b C="d e"',
        "ENV",
    ),
    *(
        "LABEL a='b' c",
        "ARG X",
        "ARG X=1 Y",
        "COPY a b",
        'COPY ["a b", "c"]',
        "ADD --chown=1:2 x /y/",
        "ONBUILD RUN x",
    ),
    *(
        "ONBUILD",
        "HEALTHCHECK --interval=1s CMD x",
        "HEALTHCHECK NONE",
        'CMD ["a", "b"]',
        "CMD ['a']",
        'CMD ["a", 1]',
    ),
    *(
        "RUN <<EOF",
        "RUN <<-'E' cat",
        'COPY <<a <<"b c" /x',
        "EOF",
        "\tEOF",
        "a",
        "E",
        "\tE",
        "b c",
        "3<<X",
        "X",
        "RUN x <<<y",
    ),
    *(
        "# escape=`",
        "# syntax=x",
        "#escape=\\",
        "# comment",
        "  # c",
        "#",
        "\\",
        "`",
        " \\",
        "a \\",
        "a `",
        "a\\\\",
        "\\\t",
    ),
    *(
        " ",
        "\t",
        "=",
        "$",
        "${",
        "}",
        "'",
        '"',
        "--x=y",
        "--",
        "--a='b c'",
        "é",
        "\u00a0",
        "VOLUME /a /b",
        "EXPOSE 80 \t 81",
    ),
    *(
        "USER  a b ",
        "WORKDIR /a\\ b",
        "STOPSIGNAL 9",
        "MAINTAINER a <b>",
        'SHELL ["x"]',
        "FOO bar",
        "<<EOF",
        "&& <<EOF",
        "\ufeff",
    ),
]
TEXTS = st.lists(
    st.tuples(
        st.sampled_from(FRAGMENTS), st.sampled_from(["\n", "\n", "\n", "\r\n", " ", "", " \\\n", " `\n"])
    ),
    max_size=12,
).map(lambda parts: "".join(text + end for text, end in parts))

COMPARED = KEYWORDS - {"ONBUILD"}
"""Keywords whose values the oracle hands out (it does not unfold ONBUILD ONBUILD, which nobody may write)."""


def ours(node: Instruction) -> tuple[object, ...]:
    """An instruction in the form in which the oracle's can be compared."""
    trigger = node.trigger.keyword if isinstance(node, Onbuild) and node.trigger else None
    known = (trigger or node.keyword) in COMPARED
    values = tuple(word.text for word in node.words) if known else None
    found = (
        () if trigger else node.heredocs
    )  # the oracle reads those behind ONBUILD and does not hand them out
    heredocs = tuple((doc.name, doc.descriptor, doc.content.text) for doc in found)
    flags = tuple(flag.text for flag in node.flags)
    return node.keyword, trigger, node.json, node.start_line, node.end_line, flags, values, heredocs


def theirs(node: dockerfile.Command) -> tuple[object, ...]:
    """An instruction of the oracle."""
    keyword, trigger = (node.cmd or "").upper(), node.sub_cmd.upper() if node.sub_cmd else None
    values = node.value if (trigger or keyword) in COMPARED else None
    heredocs = tuple((doc.name, doc.file_descriptor, doc.content) for doc in node.heredocs)
    return keyword, trigger, node.json, node.start_line, node.end_line, node.flags, values, heredocs


def rejected(tree: Dockerfile) -> bool:
    """Whether BuildKit's parser would have stopped; unknown keywords are refused by a later step of it."""
    return any(problem.trouble is not Trouble.UNKNOWN_INSTRUCTION for problem in tree.problems)


def beyond_the_oracle(tree: Dockerfile) -> bool:
    """What changed after the oracle's BuildKit 0.12.5, and where it reads flags and HEALTHCHECK byte by byte.

    Text behind a JSON array is the shell form since moby/buildkit#5107; `check` is a directive since 0.15.
    """
    return tree.directive("check") is not None or any(
        (not node.json and "]" in node.arguments.text.partition("[")[2])
        or (not node.line.text.isascii() and re.search("--|(?i:healthcheck)", node.line.text))
        for node in tree.instructions
    )


@given(TEXTS)
@settings(max_examples=400)
@example("FROM a\nRUN <<EOF\nx")
@example("# escape=`\nRUN a `\n b")
@example("ONBUILD RUN x 3<<X\nX\n")
def test_every_text_is_read_as_buildkit_reads_it(text: str) -> None:
    """Same instructions, flags, values, heredocs and lines, or a refusal by both."""
    tree = parse(text)
    assume(not beyond_the_oracle(tree))
    try:
        oracle = dockerfile.parse_string(text)
    except dockerfile.GoParseError:
        assert rejected(tree)
        return
    assert not rejected(tree), tree.problems
    assert [ours(node) for node in tree.instructions] == [theirs(node) for node in oracle]


@given(st.binary(max_size=300) | TEXTS.map(lambda text: text.encode()))
@settings(max_examples=300)
def test_every_byte_is_kept(data: bytes) -> None:
    """A file is encoded to the bytes it was read from, whatever they are."""
    assert parse(data).source.encode() == data


@given(TEXTS)
@settings(max_examples=200)
def test_spans_hold_what_the_words_say(text: str) -> None:
    """The source under a word's span is the word, but for what stands between continued lines."""
    tree = parse(text)
    for node in tree.instructions:
        assert tree.source.slice(node.keyword_span).replace("\\\n", "").upper().startswith(node.keyword[:1])
        for word in node.words:
            under = tree.source.slice(word.span)
            if "\n" not in under and not node.json:
                assert under == word.text or tree.escape in under


@pytest.mark.parametrize("line", [1, 2, 3, 4])
def test_offsets_and_positions_are_inverse(line: int) -> None:
    """A line and column lead to the offset that leads back to them."""
    source = parse("\ufeffFROM a\r\n\r\nRUN b \\\n c").source
    for column in range(1, len(source.line(line)) + 1):
        if not (line == 1 and column > len("FROM a")):
            assert source.position(source.offset(line, column)) == (line, column)
