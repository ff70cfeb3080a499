"""What a candidate answers otherwise than the original, beyond the original's own noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from jettison.layers.path import printable
from jettison.observe.arguments import masked
from jettison.verify.noise import Noise, PartNoise, StepNoise, Times, between, explained
from jettison.verify.parts import Part, facts, parts, texts
from jettison.verify.text import ALARM, gist, lines_of, outline, pairs, shape
from jettison.workload.responses import Content, Response

_SHOWN_LINES = 4
_SHOWN_CHARS = 160
_MAGIC_DIGITS = 8
"""Hexadecimal digits of the beginning of a file that tell its format."""


class Difference(Struct, frozen=True, order=True):
    """One thing that the candidate does otherwise."""

    step: str
    what: str
    """`status`, `exit code`, `error`, `listens`, `body`, `stdout`, `stderr`, `header NAME`, `file PATH` or
    `step`."""
    original: str
    """A short excerpt, safe to print and without secrets; empty when there is nothing."""
    candidate: str

    def __str__(self) -> str:
        """As a short unified diff."""
        old = [f"- {line}" for line in self.original.splitlines()]
        new = [f"+ {line}" for line in self.candidate.splitlines()]
        return "\n".join([f"{self.step}: {self.what}", *old, *new])


def compare(original: Sequence[Response], candidate: Sequence[Response], noise: Noise) -> list[Difference]:
    """Differences between the first run of the original and a run of the candidate, in the order of the
    steps.

    `noise` was learned with the same first run. Steps that are unstable in the original are not compared.
    """
    answers = {response.step: response for response in candidate}
    found: list[Difference] = []
    if candidate and candidate[0].failed and original and not original[0].failed:
        return list(_differences(original[0], candidate[0], StepNoise()))  # it did not even start
    for response in original:
        step = noise.steps.get(response.step, StepNoise())
        if step.unstable:
            continue
        answer = answers.get(response.step)
        if answer is None:
            found.append(Difference(response.step, "step", "answered", "not reached"))
        else:
            found += _differences(response, answer, step)
    known = {response.step for response in original} | noise.steps.keys()
    found += [
        Difference(response.step, "error", "", _excerpt([_trouble(response)]))
        for response in candidate
        if response.failed and response.step not in known
    ]
    return found


def _differences(original: Response, candidate: Response, noise: StepNoise) -> Iterator[Difference]:
    told = facts(candidate)
    changed = [(name, value) for name, value in facts(original).items() if value != told[name]]
    if candidate.failed and changed:
        # There is no answer whose parts could differ: the error says it, with the end of what was printed.
        name, value = next((each for each in changed if each[0] == "error"), changed[0])
        yield Difference(original.step, name, _excerpt([value]), _excerpt([told[name], *_output(candidate)]))
        return
    for name, value in changed:
        yield Difference(original.step, name, _excerpt([value]), _excerpt([told[name]]))
    ours, theirs = parts(original), parts(candidate)
    for name in [*ours, *(name for name in theirs if name not in ours)]:
        if name not in ours or name not in theirs:
            if name not in noise.optional:
                yield Difference(original.step, name, *(_whole(each.get(name)) for each in (ours, theirs)))
            continue
        excerpts = _part(ours[name], theirs[name], noise.parts.get(name, PartNoise()), original, candidate)
        if excerpts is not None:
            yield Difference(original.step, name, *excerpts)


def _part(
    ours: Part, theirs: Part, noise: PartNoise, original: Response, candidate: Response
) -> tuple[str, str] | None:
    """Excerpts of how two versions of a part differ, or None when they do not, beyond noise."""
    a, b = ours.content, theirs.content
    if a == b:
        return None
    both = texts(a, b)
    if both is None:
        same = _same_sort(a, b) if noise.opaque or (a.truncated and b.truncated) else a.digest == b.digest
        return None if same else (_described(a), _described(b))
    first, second = (lines_of(text, kind=ours.kind, sets=noise.sets) for text in both)
    times = between(original, candidate)
    changed = list(_loose(first, second, noise) if ours.loose else _strict(first, second, noise, times))
    if not changed:
        return None
    shown = [_window(old, new) for old, new in changed]
    return _excerpt([old for old, _ in shown]), _excerpt([new for _, new in shown])


Change = tuple[str | None, str | None]
"""A line of the original and what stands for it; None where there is none."""


def _strict(first: list[str], second: list[str], noise: PartNoise, times: Times) -> Iterator[Change]:
    """Lines that differ by more than noise."""
    for i, j in pairs(first, second):
        gone = i is None or i in noise.optional
        new = j is None or shape(second[j]) in noise.extra
        if gone and new:
            continue
        if i is None or j is None or not explained(first[i], second[j], noise.spans, i, times):
            yield None if i is None else first[i], None if j is None else second[j]


def _loose(first: list[str], second: list[str], noise: PartNoise) -> Iterator[Change]:
    """Lines that say something every run of the original said, and new ones that speak of trouble."""
    ours, theirs = ({gist(line): line for line in lines} for lines in (first, second))
    for key, line in ours.items():
        if key not in theirs and not _known(key, line, noise):
            yield line, None
    for key, line in theirs.items():
        if key not in ours and not _known(key, line, noise) and ALARM.search(line):
            yield None, line


def _known(key: str, line: str, noise: PartNoise) -> bool:
    return key in noise.extra or outline(line) in noise.extra


def _window(old: str | None, new: str | None) -> Change:
    """Both lines from a little before the place where they begin to differ, if that is far from their
    beginning."""
    if old is None or new is None:
        return old, new
    common = next(
        (n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new))
    )
    if common < _SHOWN_CHARS // 2:
        return old, new
    start = common - _SHOWN_CHARS // 4
    return "…" + old[start:], "…" + new[start:]


def _same_sort(a: Content, b: Content) -> bool:
    return bool(a.size) == bool(b.size) and a.head[:_MAGIC_DIGITS] == b.head[:_MAGIC_DIGITS]


def _described(content: Content) -> str:
    return f"{content.size} bytes, {content.digest[:19]}…"


def _whole(part: Part | None) -> str:
    if part is None:
        return ""
    text = part.content.text
    return _excerpt(text.splitlines()) if text is not None else _described(part.content)


def _trouble(response: Response) -> str:
    return response.error or f"exit code {response.exit_code}"


def _output(response: Response) -> list[str]:
    """The end of what a step printed that failed: usually it says why."""
    if not response.failed:
        return []
    printed = [content.text or "" for content in (response.stderr, response.stdout) if content is not None]
    lines = next((text.strip().splitlines() for text in printed if text.strip()), [])
    return lines[-_SHOWN_LINES + 1 :]


def _excerpt(lines: Sequence[str | None]) -> str:
    """The first of `lines`, cut, without secrets and control characters."""
    present = [line for line in lines if line]
    shown = [
        printable(masked([line[:_SHOWN_CHARS].encode()])[0].decode(errors="replace")) for line in present
    ]
    more = [f"… {len(shown) - _SHOWN_LINES} more lines"] if len(shown) > _SHOWN_LINES else []
    return "\n".join(shown[:_SHOWN_LINES] + more)
