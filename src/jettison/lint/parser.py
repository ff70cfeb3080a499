"""A lossless, error-tolerant Dockerfile parser with the grammar of BuildKit's `frontend/dockerfile/parser`.

What BuildKit would refuse becomes a `Problem` at its place, and reading goes on behind it: a broken
instruction costs one finding, not the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any, Final

from jettison.lint import words
from jettison.lint.lexer import GO_SPACES, Lexer, LexError
from jettison.lint.source import BOM, Mapped, Piece, Source, Span
from jettison.lint.syntax import (
    Comment,
    Directive,
    Dockerfile,
    From,
    Healthcheck,
    Heredoc,
    Instruction,
    KeyValue,
    Onbuild,
    Pair,
    Problem,
    ShellOrExec,
    Transfer,
    Trouble,
    Word,
)

KEYWORDS: Final = frozenset(
    [
        "ADD",
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "FROM",
        "HEALTHCHECK",
        "LABEL",
        "MAINTAINER",
        "ONBUILD",
        "RUN",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    ]
)
MAX_LINE_BYTES: Final = 65_535
"""Longest line that BuildKit reads (Go's bufio.MaxScanTokenSize - 1)."""

_DIRECTIVE: Final = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$")
_DIRECTIVES: Final = frozenset({"syntax", "escape", "check"})
_HEREDOC: Final = re.compile(r"(\d*)<<(-?)([^<]+)\Z")
_ONE_STRING: Final = frozenset({"MAINTAINER", "STOPSIGNAL", "USER", "WORKDIR"})
_BLANK_LISTS: Final = frozenset({"EXPOSE", "FROM"})
_EXEC_OR_SHELL: Final = frozenset({"RUN", "CMD", "ENTRYPOINT", "SHELL"})
_LISTS: Final = frozenset({"ADD", "COPY", "VOLUME"})


def parse(source: Source | str | bytes) -> Dockerfile:
    """Parse a whole Dockerfile. Never raises for what the text holds."""
    if isinstance(source, bytes):
        source = Source.of(source)
    elif isinstance(source, str):
        source = Source(source)
    return _Parser(source).parse()


@dataclass(slots=True)
class _Logical:
    """One instruction's lines while they are joined."""

    start: int
    end: int
    pieces: list[Piece] = field(default_factory=list)
    empty: list[Span] = field(default_factory=list)


class _Parser:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.escape = "\\"
        self.comments: list[Comment] = []
        self.directives: list[Directive] = []
        self.problems: list[Problem] = []
        self.instructions: list[Instruction] = []
        self.number = 0
        self.in_directives = True

    def parse(self) -> Dockerfile:
        while (logical := self._next_logical()) is not None:
            self._instruction(logical)
        self._whole_file()
        return Dockerfile(
            source=self.source,
            instructions=tuple(self.instructions),
            comments=tuple(self.comments),
            directives=tuple(self.directives),
            escape=self.escape,
            problems=tuple(sorted(self.problems, key=lambda problem: problem.span)),
        )

    # --- lines -------------------------------------------------------------------------------------------

    def _read(self) -> tuple[int, str] | None:
        """The next physical line and its offset, without a byte order mark and the line ending."""
        if self.number >= len(self.source.starts):
            return None
        start, end = self.source.line_span(self.number + 1)
        self.number += 1
        if start == 0 and self.source.text.startswith(BOM):
            start += len(BOM)
        if end - start > MAX_LINE_BYTES // 4:
            self._long_line(start, end)
        return start, self.source.text[start:end].rstrip("\r\n")

    def _long_line(self, start: int, end: int) -> None:
        if len(self.source.text[start:end].encode("utf-8", "surrogateescape")) > MAX_LINE_BYTES:
            message = f"dockerfile line greater than max allowed size of {MAX_LINE_BYTES}"
            self.problems.append(Problem(Trouble.LONG_LINE, message, Span(start, start + 1)))

    def _next_logical(self) -> _Logical | None:
        """The next instruction's lines; blank lines, comments and directives before it are taken in."""
        while (read := self._read()) is not None:
            offset, line = read
            body = line.lstrip(GO_SPACES)
            offset += len(line) - len(body)
            self._directive(body, offset)
            if body.startswith("#"):
                self._comment(body, offset, inside=False)
                continue
            body, continued = self._trim_continuation(body)
            if not body and not continued:
                continue
            logical = _Logical(self.number, self.number, [Piece(body, offset)])
            if continued:
                self._continue(logical)
            logical.end = self.number
            return logical
        return None

    def _continue(self, logical: _Logical) -> None:
        continued = True
        while continued and (read := self._read()) is not None:
            offset, line = read
            body = line.lstrip(GO_SPACES)
            if body.startswith("#"):
                self._comment(body, offset + len(line) - len(body), inside=True)
            elif not body:
                logical.empty.append(self.source.line_span(self.number))
            else:
                line, continued = self._trim_continuation(line)
                logical.pieces.append(Piece(line, offset))

    def _trim_continuation(self, line: str) -> tuple[str, bool]:
        stripped = line.rstrip(" \t")
        if not stripped.endswith(self.escape) or stripped[-2:-1] == self.escape:
            return line, False
        return stripped[:-1], True

    def _comment(self, body: str, offset: int, *, inside: bool) -> None:
        span = Span(offset, offset + len(body))
        self.comments.append(Comment(body[1:].strip(), span, self.number, inside))

    def _directive(self, body: str, offset: int) -> None:
        if not self.in_directives:
            return
        match = _DIRECTIVE.match(body)
        name = match[1].lower() if match else ""
        if match is None or name not in _DIRECTIVES:
            self.in_directives = False
            return
        span = Span(offset, offset + len(body))
        if any(known.name == name for known in self.directives):
            self._directive_problem(f"only one {name} parser directive can be used", span)
            return
        self.directives.append(Directive(name, match[2], span))
        if name == "escape":
            if match[2] in ("\\", "`"):
                self.escape = match[2]
            else:
                self._directive_problem(f"invalid escape token {match[2]!r} does not match ` or \\", span)

    def _directive_problem(self, message: str, span: Span) -> None:
        self.problems.append(Problem(Trouble.DIRECTIVE, message, span))

    def _whole_file(self) -> None:
        if not self.instructions:
            end = min(len(self.source.text), 1)
            self.problems.append(Problem(Trouble.EMPTY_FILE, "file with no instructions", Span(0, end)))

    # --- instructions --------------------------------------------------------------------------------------

    def _instruction(self, logical: _Logical) -> None:
        line = Mapped(logical.pieces)
        node = _node(line, self.escape)
        heredocs: tuple[Heredoc, ...] = ()
        if "<<" in line.text and _takes_heredocs(node):
            heredocs = self._heredocs(line)
        end = heredocs[-1].terminator.end if heredocs else line.span(0, len(line)).end
        node = _finish(
            node,
            heredocs=heredocs,
            span=Span(node.keyword_span.start, max(end, node.keyword_span.end)),
            empty_continuations=tuple(logical.empty),
            index=len(self.instructions),
            start_line=logical.start,
            end_line=self.number,
        )
        self.problems.extend(node.problems)
        self.instructions.append(node)

    def _heredocs(self, line: Mapped) -> tuple[Heredoc, ...]:
        return tuple(self._heredoc_body(head) for head in heredoc_words(line))

    def _heredoc_body(self, head: Heredoc) -> Heredoc:
        start = (
            self.source.starts[self.number]
            if self.number < len(self.source.starts)
            else len(self.source.text)
        )
        while (read := self._read()) is not None:
            offset, line = read
            candidate = line.lstrip("\t") if head.chomp else line
            if candidate == head.name:
                body = Span(start, offset)
                terminator = Span(offset, offset + len(line))
                break
        else:
            message = f"unterminated heredoc {head.name}"
            self.problems.append(Problem(Trouble.HEREDOC, message, head.word.span))
            body = Span(start, len(self.source.text))
            terminator = Span(body.end, body.end)
        content = Mapped([Piece(self.source.slice(body), body.start)])
        return replace(head, body=body, terminator=terminator, content=content)


def heredoc_words(line: Mapped) -> list[Heredoc]:
    """The here-documents that a line announces, still without bodies."""
    try:
        found = Lexer(line.text, {}, raw_quotes=True, raw_escapes=True, keep_unset=True).read()
    except LexError:
        return []
    heads = (_heredoc_head(text, Word(text, line.span(start, end))) for text, start, end in found.words)
    return [head for head in heads if head is not None]


def _heredoc_head(text: str, word: Word) -> Heredoc | None:
    match = _HEREDOC.match(text)
    if match is None:
        return None
    try:
        plain = Lexer(match[3], {}, keep_unset=True).read().words
        raw = Lexer(match[3], {}, keep_unset=True, raw_quotes=True).read().words
    except LexError:
        return None
    if len(plain) != 1 or len(raw) != 1:
        return None
    name = plain[0][0]
    nowhere = Span(word.span.end, word.span.end)
    return Heredoc(
        name=name,
        expand=_quotes(name) == _quotes(raw[0][0]),
        chomp=match[2] == "-",
        descriptor=int(match[1] or 0),
        word=word,
        body=nowhere,
        content=Mapped([]),
        terminator=nowhere,
    )


def _quotes(text: str) -> int:
    return text.count("'") + text.count('"')


def _takes_heredocs(node: Instruction) -> bool:
    if isinstance(node, Onbuild) and node.trigger is not None:
        node = node.trigger
    return node.keyword in ("ADD", "COPY", "RUN") and not node.json


def _finish(node: Instruction, **changes: Any) -> Instruction:
    """The instruction with what is known only behind its last line, given to a trigger of ONBUILD as well."""
    if isinstance(node, Onbuild) and node.trigger is not None:
        inner = changes | {"index": -1, "empty_continuations": ()}
        inner["span"] = Span(node.trigger.keyword_span.start, changes["span"].end)
        changes = changes | {"trigger": replace(node.trigger, **inner)}
    return replace(node, **changes)


def _node(line: Mapped, escape: str) -> Instruction:
    """The instruction that a joined line holds."""
    keyword, rest = words.split_keyword(line)
    flags, arguments = words.split_flags(rest, escape)
    common: dict[str, Any] = {
        "keyword": keyword.text.upper(),
        "keyword_span": keyword.span,
        "span": line.span(0, len(line)),
        "line": line,
        "arguments": arguments,
        "flags": flags,
    }
    try:
        return _dispatch(common, escape)
    except words.ArgumentError as error:
        kind = Trouble.JSON_TYPE if isinstance(error, words.JsonTypeError) else Trouble.KEY_VALUE
        problem = Problem(kind, str(error), arguments.span(0, len(arguments)))
        return Instruction(**common, words=words.split_blanks(arguments), json=False, problems=(problem,))


def _dispatch(common: dict[str, Any], escape: str) -> Instruction:
    keyword: str = common["keyword"]
    arguments: Mapped = common["arguments"]
    if keyword in ("ENV", "LABEL"):
        return _key_value(common, words.pairs(arguments, keyword, escape))
    if keyword == "ARG":
        split = words.split_quoted(arguments, escape)
        found = tuple(words.divide(word, arguments) for word in split)
        return KeyValue(**common, words=tuple(split), json=False, pairs=found)
    if keyword in _EXEC_OR_SHELL:
        return _shell_or_exec(common, arguments)
    if keyword in _LISTS:
        return _list(common, arguments)
    if keyword in _BLANK_LISTS:
        return _blank_list(common, words.split_blanks(arguments))
    if keyword == "HEALTHCHECK":
        return _healthcheck(common, arguments)
    if keyword == "ONBUILD":
        return _onbuild(common, arguments, escape)
    if keyword in _ONE_STRING:
        one = (words.word_of(arguments),) if arguments.text else ()
        return Instruction(**common, words=one, json=False)
    return _unknown(common)


def _unknown(common: dict[str, Any]) -> Instruction:
    message = f"unknown instruction: {common['keyword']}"
    problem = Problem(Trouble.UNKNOWN_INSTRUCTION, message, common["keyword_span"])
    return Instruction(**common, words=(), json=False, problems=(problem,))


def _key_value(common: dict[str, Any], found: tuple[Pair, ...]) -> KeyValue:
    flat = tuple(word for pair in found for word in (pair.key, pair.value) if word is not None)
    return KeyValue(**common, words=flat, json=False, pairs=found)


def _command(arguments: Mapped) -> tuple[tuple[Word, ...] | None, Mapped | None, tuple[Word, ...]]:
    """JSON strings, or the script, and either as words."""
    strings = words.json_words(arguments)
    if strings is not None:
        return strings, None, strings
    return None, arguments, (words.word_of(arguments),) if arguments.text else ()


def _shell_or_exec(common: dict[str, Any], arguments: Mapped) -> ShellOrExec:
    strings, script, flat = _command(arguments)
    return ShellOrExec(**common, words=flat, json=strings is not None, exec=strings, script=script)


def _list(common: dict[str, Any], arguments: Mapped) -> Instruction:
    strings = words.json_words(arguments)
    flat = words.split_blanks(arguments) if strings is None else strings
    if common["keyword"] == "VOLUME":
        return Instruction(**common, words=flat, json=strings is not None)
    destination = flat[-1] if len(flat) > 1 else None
    sources = flat[:-1] if len(flat) > 1 else flat
    return Transfer(**common, words=flat, json=strings is not None, sources=sources, destination=destination)


def _blank_list(common: dict[str, Any], flat: tuple[Word, ...]) -> Instruction:
    if common["keyword"] != "FROM":
        return Instruction(**common, words=flat, json=False)
    named = len(flat) == 3 and flat[1].text.lower() == "as"
    return From(
        **common,
        words=flat,
        json=False,
        image=flat[0] if flat else None,
        alias=flat[2] if named else None,
        as_word=flat[1] if named else None,
    )


def _healthcheck(common: dict[str, Any], arguments: Mapped) -> Healthcheck:
    kinds = arguments.text.split(None, 1)
    if not kinds:
        return Healthcheck(**common, words=(), json=False, exec=None, script=None, type=None)
    kind = words.word_of(arguments, 0, len(kinds[0]))
    strings, script, flat = _command(words.trimmed(arguments.slice(len(kinds[0]))))
    return Healthcheck(
        **common, words=(kind, *flat), json=strings is not None, exec=strings, script=script, type=kind
    )


def _onbuild(common: dict[str, Any], arguments: Mapped, escape: str) -> Onbuild:
    if not arguments.text:
        return Onbuild(**common, words=(), json=False, trigger=None)
    trigger = _node(arguments, escape)
    return Onbuild(
        **common, words=trigger.words, json=trigger.json, trigger=trigger, problems=trigger.problems
    )
