"""The syntax tree of a Dockerfile: instructions, their words, and everything between them, with exact spans.

The tree is a view of the text, not a replacement for it: whoever changes a file edits the text and parses
again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from jettison.lint.source import Mapped, Source, Span


class Trouble(StrEnum):
    """What the parser can find wrong; each has a rule that reports it."""

    DIRECTIVE = "directive"
    UNKNOWN_INSTRUCTION = "unknown-instruction"
    KEY_VALUE = "key-value"
    JSON_TYPE = "json-type"
    HEREDOC = "heredoc"
    EMPTY_FILE = "empty-file"
    LONG_LINE = "long-line"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something BuildKit's parser would stop at. The tree goes on behind it."""

    trouble: Trouble
    message: str
    span: Span


@dataclass(frozen=True, slots=True)
class Word:
    """One argument: its text as BuildKit hands it on (quotes kept, variables not expanded) and its place.

    In the JSON form, `text` is the decoded string and the span includes the quotes.
    """

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Flag:
    """A builder flag such as `--from=build`; `value` is None without `=`."""

    name: str
    value: str | None
    span: Span
    value_span: Span

    @property
    def text(self) -> str:
        """The flag as BuildKit's parser returns it, quotes removed."""
        return f"--{self.name}" if self.value is None else f"--{self.name}={self.value}"


@dataclass(frozen=True, slots=True)
class Heredoc:
    """A here-document: the word that announces it, its body and its terminator line."""

    name: str
    expand: bool
    chomp: bool
    descriptor: int
    word: Word
    body: Span
    content: Mapped
    """The body as written; with `chomp` its leading tabs are still there."""
    terminator: Span
    """The line that ends it, without the line ending; empty at the end of the file if it is missing."""

    @property
    def text(self) -> str:
        """What the command or the file receives."""
        return self.chomped.text

    @property
    def chomped(self) -> Mapped:
        """The content without the leading tabs that `<<-` removes."""
        if not self.chomp:
            return self.content
        return Mapped(
            piece
            for start, line in _lines(self.content.text)
            for piece in self.content.pieces(start + len(line) - len(line.lstrip("\t")), start + len(line))
        )


def _lines(text: str) -> list[tuple[int, str]]:
    lines = []
    start = 0
    for line in text.split("\n"):
        lines.append((start, line + "\n"))
        start += len(line) + 1
    return lines


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment line; `text` is what stands behind the `#`, `inside` that it stands in an instruction."""

    text: str
    span: Span
    line: int
    inside: bool


@dataclass(frozen=True, slots=True)
class Directive:
    """A parser directive: `syntax`, `escape` or `check`."""

    name: str
    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Pair:
    """A key and its value in ENV, LABEL or ARG; no value in `ARG name`; `legacy` for `ENV name value`."""

    key: Word
    value: Word | None
    span: Span
    legacy: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Instruction:
    """One instruction: `keyword` is in upper case, `line` its joined text."""

    keyword: str
    keyword_span: Span
    span: Span
    """From the keyword to the last character of its last line or heredoc terminator, no line ending."""
    line: Mapped
    arguments: Mapped
    """What follows keyword and flags, trimmed."""
    flags: tuple[Flag, ...]
    words: tuple[Word, ...]
    """The arguments as BuildKit's parser splits them (for ENV and LABEL: key, value, key, value, …)."""
    json: bool
    heredocs: tuple[Heredoc, ...] = ()
    problems: tuple[Problem, ...] = ()
    empty_continuations: tuple[Span, ...] = ()
    index: int = -1
    """Its number in the file; -1 for the instruction inside ONBUILD."""
    start_line: int = 0
    end_line: int = 0

    def flag(self, name: str) -> Flag | None:
        """The last flag with this name."""
        return next((flag for flag in reversed(self.flags) if flag.name == name), None)


@dataclass(frozen=True, kw_only=True, eq=False)
class From(Instruction):
    """`FROM [--platform=…] image [AS alias]`."""

    image: Word | None
    alias: Word | None
    as_word: Word | None


@dataclass(frozen=True, kw_only=True, eq=False)
class KeyValue(Instruction):
    """ENV, LABEL and ARG."""

    pairs: tuple[Pair, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Transfer(Instruction):
    """COPY and ADD. Heredoc words are among the sources."""

    sources: tuple[Word, ...]
    destination: Word | None


@dataclass(frozen=True, kw_only=True, eq=False)
class ShellOrExec(Instruction):
    """RUN, CMD, ENTRYPOINT, SHELL, and HEALTHCHECK: a JSON array of strings, or a script for the shell."""

    exec: tuple[Word, ...] | None
    script: Mapped | None
    """The shell form without heredoc bodies."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Healthcheck(ShellOrExec):
    """`HEALTHCHECK [flags] CMD …` or `HEALTHCHECK NONE`; `type` is what stands in place of `CMD`."""

    type: Word | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Onbuild(Instruction):
    """ONBUILD with the instruction it delays."""

    trigger: Instruction | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Dockerfile:
    """One parsed file."""

    source: Source
    instructions: tuple[Instruction, ...]
    comments: tuple[Comment, ...]
    directives: tuple[Directive, ...]
    escape: str
    problems: tuple[Problem, ...] = field(default=())
    """All problems of the file in order, those of its instructions among them."""

    def directive(self, name: str) -> Directive | None:
        """The directive of this name, if the file has it."""
        return next((item for item in self.directives if item.name == name), None)

    def instruction_at(self, offset: int) -> Instruction | None:
        """The instruction that holds the character at `offset`."""
        return next((item for item in self.instructions if item.span.start <= offset <= item.span.end), None)
