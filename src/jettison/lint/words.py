"""How BuildKit splits the arguments of one instruction (its `line_parsers.go` and `split_command.go`).

Every function takes the arguments as `Mapped` text and gives back words that know their place.
"""

from __future__ import annotations

import json
import re
from typing import Final

from jettison.lint.lexer import GO_SPACES
from jettison.lint.source import Mapped
from jettison.lint.syntax import Flag, Pair, Word

_BLANKS: Final = re.compile(r"[\t\v\f\r ]+")
_NOT_BLANKS: Final = re.compile(r"[^\t\v\f\r ]+")
_JSON_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')


class ArgumentError(Exception):
    """The arguments do not have the shape that the instruction asks for."""


class JsonTypeError(ArgumentError):
    """A JSON array that holds something other than strings."""


def trimmed(text: Mapped) -> Mapped:
    """The text without spaces at both ends."""
    left = len(text.text) - len(text.text.lstrip(GO_SPACES))
    return text.slice(left, max(left, len(text.text.rstrip(GO_SPACES))))


def word_of(text: Mapped, start: int = 0, end: int | None = None) -> Word:
    """`text[start:end]` as one word."""
    stop = len(text) if end is None else end
    return Word(text.text[start:stop], text.span(start, stop))


def split_keyword(line: Mapped) -> tuple[Word, Mapped]:
    """The keyword and the rest behind the blanks that follow it."""
    body = trimmed(line)
    match = _BLANKS.search(body.text)
    if match is None:
        return word_of(body), body.slice(len(body))
    return word_of(body, 0, match.start()), body.slice(match.end())


def split_flags(rest: Mapped, escape: str) -> tuple[tuple[Flag, ...], Mapped]:
    """The leading `--flags` and the trimmed arguments behind them."""
    flags: list[Flag] = []
    text = rest.text
    pos = 0
    while True:
        while pos < len(text) and text[pos] in GO_SPACES:
            pos += 1
        if not text.startswith("--", pos):
            return tuple(flags), trimmed(rest.slice(pos))
        word, end, equals = _flag_word(text, pos, escape)
        if word == "--":
            return tuple(flags), trimmed(rest.slice(end))
        if word:
            name, has_value, value = word[2:].partition("=")
            value_start = equals + 1 if has_value and equals >= 0 else end
            flags.append(
                Flag(name, value if has_value else None, rest.span(pos, end), rest.span(value_start, end)),
            )
        pos = end


def _flag_word(text: str, pos: int, escape: str) -> tuple[str, int, int]:
    """A flag from `pos` on with quotes and escapes removed, its end, and the index of the first `=`."""
    out: list[str] = []
    quote = ""
    equals = -1
    while pos < len(text):
        char = text[pos]
        if char == escape:
            pos += 1
            out.append(text[pos : pos + 1])
        elif quote:
            if char == quote:
                quote = ""
            else:
                out.append(char)
        elif char in GO_SPACES:
            break
        elif char in "'\"":
            quote = char
        else:
            if char == "=" and equals < 0:
                equals = pos
            out.append(char)
        pos += 1
    return "".join(out), min(pos, len(text)), equals


def split_blanks(text: Mapped) -> tuple[Word, ...]:
    """Words between blanks; quotes mean nothing here."""
    return tuple(word_of(text, match.start(), match.end()) for match in _NOT_BLANKS.finditer(text.text))


def split_quoted(text: Mapped, escape: str) -> list[Word]:
    """Words between blanks outside quotes; quotes and escapes stay in the words."""
    words: list[Word] = []
    source = text.text
    pos = 0
    while pos < len(source):
        if source[pos] in GO_SPACES:
            pos += 1
            continue
        value, end = _quoted_word(source, pos, escape)
        if value:
            words.append(Word(value, text.span(pos, end)))
        pos = end
    return words


def _quoted_word(source: str, pos: int, escape: str) -> tuple[str, int]:
    out: list[str] = []
    quote = ""
    while pos < len(source):
        char = source[pos]
        if not quote and char in GO_SPACES:
            break
        if char == escape and quote != "'":
            if pos + 1 == len(source):
                pos += 1
                break
            out.append(char)
            pos += 1
            char = source[pos]
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        out.append(char)
        pos += 1
    return "".join(out), pos


def pairs(text: Mapped, keyword: str, escape: str) -> tuple[Pair, ...]:
    """The pairs of ENV and LABEL, as `name=value …` or the old `name value`. Raises `ArgumentError`."""
    words = split_quoted(text, escape)
    if not words:
        return ()
    if "=" not in words[0].text:
        return (_legacy_pair(text, keyword),)
    return tuple(_pair(word, text) for word in words)


def _legacy_pair(text: Mapped, keyword: str) -> Pair:
    match = _BLANKS.search(text.text)
    if match is None:
        raise ArgumentError(f"{keyword} must have two arguments")
    key, value = word_of(text, 0, match.start()), word_of(text, match.end())
    return Pair(key, value, text.span(0, len(text)), legacy=True)


def _pair(word: Word, text: Mapped) -> Pair:
    if "=" not in word.text:
        raise ArgumentError(f"can't find = in {word.text!r}; the form is name=value")
    return divide(word, text)


def divide(word: Word, text: Mapped) -> Pair:
    """`name=value` as a pair; a word without `=` is a name without a value, as ARG allows it."""
    key, equals, value = word.text.partition("=")
    if not equals:
        return Pair(word, None, word.span)
    index = index_of(text, word.span.start)
    middle = text.at(index + text.text[index:].index("="))
    return Pair(
        Word(key, word.span._replace(end=middle)),
        Word(value, word.span._replace(start=min(middle + 1, word.span.end))),
        word.span,
    )


def index_of(text: Mapped, offset: int) -> int:
    """The index in `text` of the character at a source offset that is known to be in it."""
    index = 0
    for piece in text.pieces():
        if piece.offset <= offset < piece.offset + len(piece.text):
            return index + offset - piece.offset
        index += len(piece.text)
    return index


def json_words(text: Mapped) -> tuple[Word, ...] | None:
    """The strings of a JSON array; None if the text is not a JSON array. Raises `JsonTypeError`."""
    body = text.text
    if not body.lstrip(GO_SPACES).startswith("["):
        return None
    try:
        values = json.loads(body.lstrip(GO_SPACES), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    if not all(isinstance(value, str) for value in values):
        raise JsonTypeError("when using JSON array syntax, arrays must be comprised of strings only")
    places = (match.span() for match in _JSON_STRING.finditer(body))
    return tuple(Word(value, text.span(*place)) for value, place in zip(values, places, strict=True))


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
