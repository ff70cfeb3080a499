"""Variables: which names are there at an instruction, and where an instruction refers to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from jettison.lint.build import Build, Stage
from jettison.lint.fix import Applicability, Fix, Scope, replace
from jettison.lint.rule import Context
from jettison.lint.source import Mapped, Span
from jettison.lint.syntax import From, Instruction, KeyValue
from jettison.lint.words import index_of

EXPANDING: Final = frozenset(
    {
        *("ADD", "ARG", "COPY", "ENV", "EXPOSE", "FROM", "LABEL"),
        *("STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
    }
)
"""Instructions in which the builder replaces variables; in the others it is the shell, or nobody."""
SYSTEM: Final = frozenset({"PATH", "HOME", "HOSTNAME", "TERM", "PWD", "SHLVL", "LANG"})
"""Variables that an image or its shell is likely to have."""
_VERSIONED: Final = re.compile(r"_?(?:VERSION|HOME|PATH|MAJOR|RELEASE|VARIANT)\Z")


@dataclass(frozen=True, slots=True)
class Use:
    """A place at which the builder replaces a variable."""

    name: str
    modifier: str
    span: Span

    @property
    def has_default(self) -> bool:
        """Whether the place itself says what happens if the variable is not set."""
        return self.modifier.lstrip(":")[:1] in ("-", "+", "?")


def uses(node: Instruction, build: Build) -> Iterator[Use]:
    """The variables that the builder replaces in an instruction, in order."""
    if node.keyword in EXPANDING and "$" in node.line.text:
        for text in _texts(node):
            for found in build.references(text.text):
                yield Use(found.name, found.modifier, text.span(found.start, found.end))


def _texts(node: Instruction) -> Iterator[Mapped]:
    """The parts of an instruction in which variables count; quotes stand in them as written."""
    if isinstance(node, KeyValue):
        for pair in node.pairs:
            for word in (pair.key, pair.value):
                if word is not None and "$" in word.text:
                    yield _place(word.span, node)
        return
    for flag in node.flags:
        if flag.value and "$" in flag.value and flag.name != "from":
            yield _place(flag.value_span, node)
    if isinstance(node, From):
        if node.image is not None:
            yield _place(node.image.span, node)
        return
    yield node.arguments


def _place(span: Span, node: Instruction) -> Mapped:
    """The part of an instruction's line that stands in a span of the source."""
    if span.end <= span.start:
        return node.line.slice(0, 0)
    return node.line.slice(index_of(node.line, span.start), index_of(node.line, span.end - 1) + 1)


def inherited(name: str, stage: Stage) -> bool:
    """Whether the base image may well set a variable: the usual ones, and those called after the image
    (`NODE_VERSION` in `node`)."""
    if name in SYSTEM:
        return True
    base = stage.root.base
    if base is None:
        return True
    stem = _VERSIONED.sub("", name).lower().replace("_", "")
    return bool(stem) and stem in re.sub(r"[^a-z0-9]", "", f"{base.name.lower()}{base.tag or ''}")


def global_arguments(context: Context) -> dict[str, Span]:
    """The names that ARG declares before the first FROM, with the place of the last declaration."""
    return {
        pair.key.text: pair.key.span
        for node in context.build.head
        if isinstance(node, KeyValue) and node.keyword == "ARG"
        for pair in node.pairs
    }


def renamed(use: Use, name: str, context: Context) -> Fix:
    """The fix that lets `use` name the variable that was probably meant."""
    at = use.span.start + context.source.slice(use.span).index(use.name)
    edit = replace(Span(at, at + len(use.name)), name)
    return Fix(f"write {name}", (edit,), Applicability.UNSAFE, Scope.CONFIG)
