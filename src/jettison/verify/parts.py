"""A response as named parts, so that headers, bodies, outputs and files are learned and compared in one
way."""

from __future__ import annotations

from typing import NamedTuple

from jettison.workload.responses import Content, Kind, Response, content_of


class Part(NamedTuple):
    """One comparable piece of a response."""

    content: Content
    kind: str = ""
    """Media type, where it has one."""
    loose: bool = False
    """Only what its lines say counts, not their numbers, their order or their count.

    Commands on the host are benchmarks and test scripts, which print how long they took; and what goes to
    stderr is a log.
    """


def parts(response: Response) -> dict[str, Part]:
    """What of `response` is text or bytes, by name."""
    found = {f"header {name}": Part(content_of(value.encode())) for name, value in response.headers.items()}
    if response.body is not None:
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        found["body"] = Part(response.body, kind)
    if response.kind is not Kind.START:
        if response.stdout is not None:
            found["stdout"] = Part(response.stdout, loose=response.kind is Kind.HOST_EXEC)
        if response.stderr is not None:
            found["stderr"] = Part(response.stderr, loose=True)
    found |= {f"file {path}": Part(content) for path, content in response.files.items()}
    return found


def facts(response: Response) -> dict[str, str]:
    """What of `response` must be equal to the letter, by name."""
    return {
        "status": "" if response.status is None else str(response.status),
        "exit code": "" if response.exit_code is None else str(response.exit_code),
        "error": response.error,
        "listens": ", ".join(response.endpoints),
    }


def texts(first: Content, second: Content) -> tuple[str, str] | None:
    """The two texts to compare, or None when they are not both text.

    Where one was cut off, both are cut to the whole lines that were read of it: an answer without end has no
    other end.
    """
    if first.text is None or second.text is None:
        return None
    if not (first.truncated or second.truncated):
        return first.text, second.text
    shorter = min(len(content.text or "") for content in (first, second) if content.truncated)
    return tuple(text[:shorter].rpartition("\n")[0] for text in (first.text, second.text))  # type: ignore[return-value]
