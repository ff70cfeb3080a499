"""Words and variables as BuildKit's `shell.Lex` reads them, with the place of every word and reference.

Specification: the reference of the Dockerfile format, "Environment replacement", and the behaviour of
BuildKit's `frontend/dockerfile/shell` package. The supported modifiers are `:-`, `-`, `:+`, `+`, `:?`, `?`,
`#`, `##`, `%`, `%%`, `/` and `//`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

GO_SPACES: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005"
    "\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""What Go's `unicode.IsSpace` holds for space; Python's `str.isspace` knows more."""

_SPECIAL = "@*#?-$!0"
_GAP = re.compile(f"[{GO_SPACES}]+")
_SIMPLE_MODIFIERS = "+-?#%"


Token = tuple[str, int, int]
"""A word and the indexes it spans in the input."""


class LexError(Exception):
    """The text cannot be read as words: an open quote or brace, or an unsupported modifier."""


class UnknownValueError(Exception):
    """The result depends on a variable whose value is not known before the build."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A use of a variable: its name, the indexes of `$name` or `${…}`, and its modifier if it has one."""

    name: str
    start: int
    end: int
    modifier: str


@dataclass(slots=True)
class Expansion:
    """The outcome of reading one text."""

    text: str = ""
    words: list[Token] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    """Names that were looked up and are not set."""


@dataclass(slots=True)
class _Words:
    words: list[Token] = field(default_factory=list)
    word: list[str] = field(default_factory=list)
    start: int = 0

    def add(self, text: str, start: int) -> None:
        """A part in which blanks end no word."""
        if not self.word:
            self.start = start
        self.word.append(text)

    def split(self, text: str, start: int, *, step: int = 1) -> None:
        """A part whose blanks end words; `step` is 0 if all of it stands at `start`."""
        begin = 0
        for gap in _GAP.finditer(text):
            if gap.start() > begin:
                self.add(text[begin : gap.start()], start + step * begin)
            self.close(end=start + step * gap.start())
            begin = gap.end()
        if begin < len(text):
            self.add(text[begin:], start + step * begin)

    def close(self, end: int) -> None:
        word = "".join(self.word)
        if word:
            self.words.append((word, self.start, end))
        self.word.clear()


class Lexer:
    """Reads one text. `env` maps names to values; None as a value means "set, but not known"."""

    def __init__(
        self,
        text: str,
        env: Mapping[str, str | None],
        *,
        escape: str = "\\",
        raw_quotes: bool = False,
        raw_escapes: bool = False,
        keep_unset: bool = False,
    ) -> None:
        self._text = text
        self._env = env
        self._escape = escape
        self._raw_quotes = raw_quotes
        self._raw_escapes = raw_escapes
        self._keep_unset = keep_unset
        self._pos = 0
        self._result = Expansion()

    def read(self) -> Expansion:
        """Expand the text. Raises `LexError`, and `UnknownValueError` if an unknown variable decides."""
        self._result.text, self._result.words = self._read_until("")
        return self._result

    def _peek(self) -> str:
        return self._text[self._pos : self._pos + 1]

    def _next(self) -> str:
        char = self._peek()
        self._pos += 1
        return char

    def _read_until(self, stop: str, *, raw_escapes: bool | None = None) -> tuple[str, list[Token]]:
        saved = self._raw_escapes
        if raw_escapes is not None:
            self._raw_escapes = raw_escapes
        try:
            return self._read_parts(stop)
        finally:
            self._raw_escapes = saved

    def _read_parts(self, stop: str) -> tuple[str, list[Token]]:
        out: list[str] = []
        words = _Words()
        plain = _plain(f"$'\"{self._escape}{stop}")
        while char := self._peek():
            start = self._pos
            if run := plain.match(self._text, start):
                self._pos = run.end()
                words.split(run[0], start)
                out.append(run[0])
                continue
            if stop and char == stop:
                self._pos += 1
                words.close(start)
                return "".join(out), words.words
            if char in "$'\"":
                part = {"$": self._dollar, "'": self._single, '"': self._double}[char]()
                if char == "$":
                    words.split(part, start, step=0)
                else:
                    words.add(part, start)
                out.append(part)
                continue
            self._pos += 1  # the escape character
            if self._raw_escapes:
                words.add(char, start)
                out.append(char)
            char = self._next()
            if not char:
                break
            words.add(char, start)
            out.append(char)
        if stop:
            raise LexError(f"unexpected end of statement while looking for matching {stop}")
        words.close(min(self._pos, len(self._text)))
        return "".join(out), words.words

    def _single(self) -> str:
        end = self._text.find("'", self._pos + 1)
        if end < 0:
            raise LexError("unexpected end of statement while looking for matching single-quote")
        inner = self._text[self._pos + 1 : end]
        self._pos = end + 1
        return f"'{inner}'" if self._raw_quotes else inner

    def _double(self) -> str:
        self._pos += 1
        out = ['"'] if self._raw_quotes else []
        plain = _plain(f'$"{self._escape}')
        while True:
            if run := plain.match(self._text, self._pos):
                self._pos = run.end()
                out.append(run[0])
            char = self._peek()
            if not char:
                raise LexError("unexpected end of statement while looking for matching double-quote")
            if char == '"':
                self._pos += 1
                return "".join(out) + ('"' if self._raw_quotes else "")
            if char == "$":
                out.append(self._dollar())
                continue
            self._pos += 1  # the escape character
            if self._raw_escapes:
                out.append(char)
            following = self._peek()
            if not following:
                continue
            if following in ('"', "$", self._escape):
                char = self._next()
            out.append(char)

    def _dollar(self) -> str:
        start = self._pos
        self._pos += 1
        if self._peek() != "{":
            name = self._name()
            if not name:
                return "$"
            self._refer(name, start, "")
            value = self._lookup(name)
            if value is None:
                return "$" + name if self._keep_unset else ""
            return value
        self._pos += 1
        if not self._peek():
            raise LexError("syntax error: missing '}'")
        if self._peek() in "{}:":
            raise LexError("syntax error: bad substitution")
        return self._braced(start)

    def _braced(self, start: int) -> str:
        name = self._name()
        char = self._next()
        modifier = char
        if char == "}":
            self._refer(name, start, "")
            value = self._lookup(name)
            if value is None:
                return "${" + name + "}" if self._keep_unset else ""
            return value
        if char == ":":
            char = self._next()
            modifier += char
        if char and char in _SIMPLE_MODIFIERS:
            return self._modified(name, start, char, modifier)
        if modifier == "/":
            return self._replaced(name, start)
        raise LexError(f"unsupported modifier ({modifier}) in substitution")

    def _modified(self, name: str, start: int, char: str, modifier: str) -> str:
        try:
            word, _ = self._read_until("}", raw_escapes=char in "#%")
        except LexError:
            if not self._peek():
                raise LexError("syntax error: missing '}'") from None
            raise
        self._refer(name, start, modifier)
        value = self._lookup(name)
        if self._keep_unset and value is None:
            return "${" + name + modifier + word + "}"
        unset = value is None or (modifier[0] == ":" and value == "")
        if char == "-":
            return word if unset else str(value)
        if char == "+":
            return "" if unset else word
        if char == "?":
            if unset:
                raise LexError(f"{name}: {word or 'is not allowed to be unset'}")
            return str(value)
        return trim(str(value or ""), word, char)

    def _replaced(self, name: str, start: int) -> str:
        every = self._peek() == "/"
        if every:
            self._pos += 1
        pattern, _ = self._read_until("/", raw_escapes=True)
        replacement, _ = self._read_until("}", raw_escapes=True)
        self._refer(name, start, "/")
        value = self._lookup(name)
        if self._keep_unset and value is None:
            return "${" + f"{name}/{pattern}/{replacement}" + "}"
        return re.sub(glob(pattern), lambda _: replacement, value or "", count=0 if every else 1)

    def _name(self) -> str:
        first = self._peek()
        if first.isdigit():
            return self._take(str.isdigit)
        if first and first in _SPECIAL:
            return self._next()
        return self._take(lambda char: char.isalpha() or char.isdigit() or char == "_")

    def _take(self, wanted: Callable[[str], bool]) -> str:
        text, start = self._text, self._pos
        while self._pos < len(text) and wanted(text[self._pos]):
            self._pos += 1
        return text[start : self._pos]

    def _refer(self, name: str, start: int, modifier: str) -> None:
        self._result.references.append(Reference(name, start, self._pos, modifier))

    def _lookup(self, name: str) -> str | None:
        if name not in self._env:
            self._result.missing.add(name)
            return None
        value = self._env[name]
        if value is None:
            raise UnknownValueError(name)
        return value


@cache
def _plain(special: str) -> re.Pattern[str]:
    """A run of characters none of which is special."""
    return re.compile(f"[^{re.escape(special)}]+")


def glob(pattern: str, *, greedy: bool = True) -> str:
    """The regular expression of a shell pattern with `*`, `?` and backslash escapes. Raises `LexError`."""
    out: list[str] = []
    chars = iter(range(len(pattern)))
    for index in chars:
        char = pattern[index]
        if char == "*":
            out.append(".*" if greedy else ".*?")
        elif char == "?":
            out.append(".")
        elif char == "\\":
            following = pattern[index + 1 : index + 2]
            if following in ("}", "/"):
                continue
            if following not in ("*", "?", "\\"):
                raise LexError(f"invalid escape '\\{following}'")
            out.append(re.escape(following))
            next(chars)
        else:
            out.append(re.escape(char))
    return "".join(out)


def trim(value: str, word: str, side: str) -> str:
    """`${value#word}`, `##`, `%` and `%%`; `word` still holds the second `#` or `%`."""
    greedy = word.startswith(side)
    pattern = word[1:] if greedy else word
    if side == "#":
        match = re.match(glob(pattern, greedy=greedy), value, re.DOTALL)
        return value[match.end() :] if match else value
    shape = re.compile(glob(pattern, greedy=True) + r"\Z", re.DOTALL)
    starts = range(len(value) + 1) if greedy else range(len(value), -1, -1)
    return next((value[:start] for start in starts if shape.match(value, start)), value)
