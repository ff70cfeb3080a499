"""What `--from` names: a stage, an image, or neither."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jettison.lint.build import Stage
from jettison.lint.rule import Context
from jettison.lint.source import Span
from jettison.lint.syntax import Instruction, Onbuild, Word


@dataclass(frozen=True, slots=True)
class Origin:
    """One `from` of COPY, or of a mount of RUN."""

    name: str
    word: Word
    node: Instruction
    stage: Stage
    """The stage that the instruction stands in."""
    found: Stage | None
    """The earlier stage that is meant."""

    @property
    def variable(self) -> bool:
        """Whether the name holds a variable, which BuildKit does not replace there."""
        return "$" in self.name


def origins(stage: Stage, context: Context) -> Iterator[Origin]:
    """Everything that a stage takes from elsewhere by `from`. What ONBUILD delays is left out: it runs in
    another file, among other stages."""
    for node in stage.instructions:
        if not isinstance(node, Onbuild):
            for name, word in context.build.source_names(node):
                found = context.build.find_stage(name, before=stage)
                yield Origin(name, word, node, stage, found)


def is_image(name: str) -> bool:
    """Whether a name can only be that of an image: it has a tag, a digest, or a path."""
    return any(char in name for char in ":/@")


def within(span: Span, text: str, context: Context) -> Span | None:
    """The place of a name in the value of a flag such as `--mount=type=bind,from=Build`."""
    at = context.source.slice(span).find(text)
    return None if at < 0 else Span(span.start + at, span.start + at + len(text))
