"""What varies between runs of the original itself, so that it is not held against a candidate.

Learned at fine grain: which tokens of which line vary and as what, which lines come and go, which sets have
no order. What was never seen to vary must be equal, save that clocks go on and durations differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from msgspec import Struct, field

from jettison.verify import clock
from jettison.verify.parts import Part, facts, parts, texts
from jettison.verify.text import (
    ALARM,
    Hunk,
    Token,
    gist,
    hunks,
    is_duration,
    kind_of,
    lines_of,
    outline,
    pairs,
    sets_of,
    shape,
    tokens,
)
from jettison.workload.responses import Response


class Span(Struct, frozen=True, order=True):
    """Tokens `[start, end)` of a line that vary."""

    start: int
    end: int
    kind: Token


class PartNoise(Struct, omit_defaults=True):
    """How one part of an answer varies; line numbers are those of the first run."""

    spans: dict[int, set[Span]] = field(default_factory=dict)
    optional: set[int] = field(default_factory=set)
    """Lines that another run did not have."""
    extra: set[str] = field(default_factory=set)
    """Shapes of lines that only some runs have."""
    sets: set[str] = field(default_factory=set)
    """What comes in any order: paths of JSON lists, or all lines (`verify.text.sets_of`)."""
    opaque: bool = False
    """It varies and is no text: only whether there is something can be compared."""

    def __bool__(self) -> bool:
        return bool(self.spans or self.optional or self.extra or self.sets or self.opaque)


class StepNoise(Struct, omit_defaults=True):
    """How the answer to one step varies."""

    unstable: str = ""
    """It cannot be compared at all: how it differs from run to run."""
    parts: dict[str, PartNoise] = field(default_factory=dict)
    optional: set[str] = field(default_factory=set)
    """Parts (headers, files) that only some runs have."""


class Noise(Struct, omit_defaults=True):
    """What varies between runs of the original: step → how. Steps that do not vary are not in it."""

    steps: dict[str, StepNoise] = field(default_factory=dict)

    @property
    def unstable(self) -> dict[str, str]:
        """Steps that the original answers differently from run to run, with how: they are not compared."""
        return {step: noise.unstable for step, noise in self.steps.items() if noise.unstable}


@dataclass(frozen=True)
class Times:
    """When two answers were given."""

    at: float
    elapsed: float
    """Seconds from the first to the second."""


def learn(first: Sequence[Response], *others: Sequence[Response]) -> Noise:
    """The noise of the original: what `others` answer otherwise than `first`, the run that will be compared
    with."""
    runs = [{response.step: response for response in run} for run in others]
    noise = Noise()
    for response in first:
        step = _learn_step(response, [run.get(response.step) for run in runs])
        if step.unstable or step.parts or step.optional:
            noise.steps[response.step] = step
    for step_name in {name for run in runs for name in run} - {response.step for response in first}:
        noise.steps[step_name] = StepNoise(unstable="not reached in every run")
    return noise


def _learn_step(first: Response, others: Sequence[Response | None]) -> StepNoise:
    noise = StepNoise()
    for other in others:
        if other is None:
            return StepNoise(unstable="not reached in every run")
        for name, value in facts(first).items():
            seen = facts(other)[name]
            if value != seen:
                return StepNoise(unstable=f"{name} {value or 'none'}, then {seen or 'none'}")
    known = [other for other in others if other is not None]
    for name, part in parts(first).items():
        seen_parts = [(other, parts(other).get(name)) for other in known]
        if any(seen is None for _, seen in seen_parts):
            noise.optional.add(name)
        learned = learn_part(part, first, [(other, seen) for other, seen in seen_parts if seen is not None])
        if learned:
            noise.parts[name] = learned
    noise.optional |= {name for other in known for name in parts(other)} - parts(first).keys()
    return noise


class _Pair(NamedTuple):
    """One part in two runs."""

    first: str
    second: str
    times: Times


def learn_part(part: Part, first: Response, others: Sequence[tuple[Response, Part]]) -> PartNoise:
    """How `part` of `first` varies over the same part of `others`."""
    noise = PartNoise()
    both: list[_Pair] = []
    for other, seen in others:
        if seen.content != part.content:
            found = texts(part.content, seen.content)
            if found is None:
                noise.opaque = True
            else:
                both.append(_Pair(*found, between(first, other)))
    if part.loose:
        for pair in both:
            noise.extra |= _varying(_by_gist(pair.first), _by_gist(pair.second))
        return noise
    noise.sets = {name for pair in both for name in sets_of(pair.first, pair.second, kind=part.kind)}
    for pair in both:
        a, b = (lines_of(text, kind=part.kind, sets=noise.sets) for text in pair[:2])
        _learn_lines(noise, a, b, pair.times)
    return noise


def _by_gist(text: str) -> dict[str, str]:
    return {gist(line): line for line in lines_of(text)}


def _varying(first: dict[str, str], second: dict[str, str]) -> set[str]:
    """What only one of two runs said; of lines that differ in their numbers alone, with any numbers."""
    gone, new = first.keys() - second.keys(), second.keys() - first.keys()
    counts = {outline(first[key]) for key in gone} & {outline(second[key]) for key in new}
    return gone | new | counts


def _learn_lines(noise: PartNoise, a: Sequence[str], b: Sequence[str], times: Times) -> None:
    for i, j in pairs(a, b):
        if i is None and j is not None:
            noise.extra.add(shape(b[j]))
        elif j is None and i is not None:
            noise.optional.add(i)
        elif i is not None and j is not None:
            spans = set(_learn_tokens(tokens(a[i]), tokens(b[j]), times))
            if spans:
                noise.spans.setdefault(i, set()).update(spans)


def _learn_tokens(a: list[str], b: list[str], times: Times) -> Iterator[Span]:
    for hunk in hunks(a, b):
        if _natural(a, b, hunk, times):
            continue
        left, right = a[hunk.start : hunk.end], b[hunk.other_start : hunk.other_end]
        kinds = {kind_of(token) for token in (*left, *right)} if len(left) == len(right) == 1 else {Token.ANY}
        if kinds == {Token.ID, Token.NUMBER}:
            kinds = {Token.ID}
        yield Span(hunk.start, hunk.end, kinds.pop() if len(kinds) == 1 else Token.ANY)


def explained(original: str, candidate: str, spans: Mapping[int, set[Span]], line: int, times: Times) -> bool:
    """Whether `candidate` differs from `original`, line `line` of the first run, by noise alone."""
    a, b = tokens(original), tokens(candidate)
    known = spans.get(line, set())
    return all(_natural(a, b, hunk, times) or _admitted(a, b, hunk, known) for hunk in hunks(a, b))


def between(first: Response, second: Response) -> Times:
    """When the two were given."""
    return Times(second.at, second.at - first.at)


def _natural(a: list[str], b: list[str], hunk: Hunk, times: Times) -> bool:
    """What differs in any two runs: a clock that went on, a duration."""
    if not hunk.end - hunk.start == hunk.other_end - hunk.other_start == 1:
        return False
    left, right = a[hunk.start], b[hunk.other_start]
    first = clock.read(left) or clock.epoch(left, times.at - times.elapsed)
    second = clock.read(right) or clock.epoch(right, times.at)
    if first is not None and second is not None:
        return clock.advanced(first, second, times.elapsed)
    return is_duration(a, hunk.start) and is_duration(b, hunk.other_start)


def _admitted(a: list[str], b: list[str], hunk: Hunk, known: set[Span]) -> bool:
    left, right = a[hunk.start : hunk.end], b[hunk.other_start : hunk.other_end]
    return any(
        span.start <= hunk.start and hunk.end <= span.end and _fits(span.kind, left, right) for span in known
    )


def _fits(kind: Token, left: list[str], right: list[str]) -> bool:
    if kind is Token.ANY:
        return not ALARM.search("".join(right)) or bool(ALARM.search("".join(left)))
    if len(right) != 1:
        return False
    found = kind_of(right[0])
    return found is kind or (kind is Token.ID and found is Token.NUMBER)
