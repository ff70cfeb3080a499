"""Every secret of an image as the document has it: in files of any layer, in the config, in the history."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from jettison.inspect import secrets
from jettison.inspect.checks import Subject
from jettison.inspect.content import Seen
from jettison.inspect.model import Origin, Secret
from jettison.inspect.space import Space
from jettison.layers.path import encode_path

_INLINE = re.compile(
    r"(?:^|[\s;&|\"'])(?:export\s+|--)?"
    r"([A-Za-z_][\w-]*(?i:pass(?:word|wd)?|secret|token|_key|apikey)[\w-]*)[= ]"
    r"[\"']?([^\s\"';&|]{6,200})"
)

_CONVERSION = re.compile(r"%[-0-9.]*[sdqx]")


def leaks(subject: Subject, space: Space, seen: Iterable[Seen]) -> tuple[Secret, ...]:
    """All secrets, each place once: those of yours first."""
    found = [*_in_files(subject, space, seen), *_in_config(subject), *_in_history(subject)]
    unique = {(s.place, s.path, s.layer, s.line, s.fingerprint): s for s in found}
    order = list(Origin)
    return tuple(
        sorted(
            unique.values(), key=lambda s: (order.index(s.origin) == 0, s.place, s.path, s.layer or 0, s.line)
        )
    )


def _in_files(subject: Subject, space: Space, seen: Iterable[Seen]) -> Iterator[Secret]:
    hidden = {(entry.layer, entry.node.path) for entry in space.dead}
    for each in seen:
        for match in each.secrets:
            yield Secret(
                kind=match.kind,
                title=match.title,
                place="file",
                path=encode_path(each.path),
                line=match.line,
                layer=each.layer,
                hidden=(each.layer, each.path) in hidden,
                masked=match.masked,
                fingerprint=match.fingerprint,
                origin=subject.origin(each.layer),
            )


def _in_config(subject: Subject) -> Iterator[Secret]:
    run = subject.config.config
    for variable in run.env:
        name, _, value = variable.partition("=")
        yield from _in_value("env", name, value, Origin.UNKNOWN, None)
    for name, value in run.labels.items():
        yield from _in_value("label", name, value, Origin.UNKNOWN, None)
    health = run.healthcheck.test if run.healthcheck else ()
    for name, words in (("ENTRYPOINT", run.entrypoint), ("CMD", run.cmd), ("HEALTHCHECK", health)):
        yield from _in_text("command", name, " ".join(words or ()), Origin.UNKNOWN, None)


def _in_history(subject: Subject) -> Iterator[Secret]:
    for entry in subject.history:
        origin = subject.entry_origin(entry)
        for argument in entry.arguments:
            name, _, value = argument.partition("=")
            yield from _in_value("argument", name, value, origin, entry.layer)
        if entry.keyword not in ("ENV", "LABEL"):  # they are in the config as well
            yield from _in_text("history", f"entry {entry.index}", entry.text, origin, entry.layer)


def _in_value(place: str, name: str, value: str, origin: Origin, layer: int | None) -> Iterator[Secret]:
    raw = value.encode(errors="replace")
    found = list(_scanned(place, name, raw, origin, layer))
    if not found and secrets.is_secret_value(name, value):
        fingerprint, title = secrets.fingerprint(raw), "Secret assigned to a name"
        masked = secrets.mask(raw)
        found = [Secret("assigned-secret", title, place, name, 1, layer, False, masked, fingerprint, origin)]
    yield from found


def _in_text(place: str, name: str, text: str, origin: Origin, layer: int | None) -> Iterator[Secret]:
    yield from _scanned(place, name, text.encode(errors="replace"), origin, layer)
    for match in _INLINE.finditer(text):
        filled_in = _CONVERSION.search(match[2])  # the value is an argument of printf
        if not filled_in and secrets.is_secret_value(match[1].replace("-", "_"), match[2]):
            raw = match[2].encode(errors="replace")
            masked, fingerprint = secrets.mask(raw), secrets.fingerprint(raw)
            title = f"Secret in the value of {match[1]}"
            yield Secret("assigned-secret", title, place, name, 1, layer, False, masked, fingerprint, origin)


def _scanned(place: str, name: str, raw: bytes, origin: Origin, layer: int | None) -> Iterator[Secret]:
    for match in secrets.scan(raw, b""):
        yield Secret(
            match.kind, match.title, place, name, 1, layer, False, match.masked, match.fingerprint, origin
        )
