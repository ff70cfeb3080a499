"""Which layers of an image are the application's own, read from the history in its configuration.

A base image ends with the CMD or ENTRYPOINT that it was published with: what comes after that is the
application's. A base image's own COPY layers look like application files, and only this tells them apart.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jettison.image.config import History, ImageConfig

_CLASSIC: Final = re.compile(r"/bin/sh -c #\(nop\)\s*(?P<word>[A-Z]+)\b")
_DIRECT: Final = re.compile(
    r"(?P<word>ADD|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|HEALTHCHECK|LABEL|RUN|SHELL|USER|VOLUME|WORKDIR)\b"
)


@dataclass(frozen=True)
class OwnLayers:
    """Layers of the application, by index, base first."""

    copied: frozenset[int]
    """Made by COPY, ADD, or a tool that builds images without a Dockerfile."""
    ran: frozenset[int]
    """Made by RUN or WORKDIR."""
    commands: tuple[str, ...] = ()
    """The text of each RUN."""


def own_layers(config: ImageConfig, *, systems: Collection[int] = ()) -> OwnLayers:
    """The layers that the application's own instructions made.

    `systems` are layers that describe an operating system (`os-release`): imported or made by ADD, they are a
    base. An image whose history does not fit its layers has no layers that can be told apart.
    """
    words = [_word(entry) for entry in config.history]
    if sum(not entry.empty_layer for entry in config.history) != len(config.diff_ids):
        return OwnLayers(frozenset(), frozenset())
    start = _start(words, config.history)
    made = [(i, words[i]) for i, entry in enumerate(config.history) if not entry.empty_layer]
    bases = [i for layer, (i, word) in enumerate(made) if layer in systems and word in ("ADD", "")]
    first = max([start, *(i + 1 for i in bases)])
    own = [(layer, word) for layer, (i, word) in enumerate(made) if i >= first]
    ran = frozenset(layer for layer, word in own if word in ("RUN", "WORKDIR"))
    commands = tuple(config.history[i].created_by for i, word in made if i >= first and word == "RUN")
    return OwnLayers(frozenset(layer for layer, _ in own) - ran, ran, commands)


def _word(entry: History) -> str:
    """The instruction that an entry records; empty for one of another tool.

    The classic builder writes RUN as the bare shell command, BuildKit and Kaniko write the instruction
    itself.
    """
    text = entry.created_by.strip()
    match = _CLASSIC.match(text) or _DIRECT.match(text)
    if match:
        return match["word"]
    return "RUN" if text.startswith(("/bin/sh -c", "|", "/bin/bash -c", "cmd /S /C")) else ""


def _start(words: Sequence[str], history: Sequence[History]) -> int:
    """Index of the first own entry: behind the last CMD or ENTRYPOINT that has a layer behind it."""
    last_layer = max((i for i, entry in enumerate(history) if not entry.empty_layer), default=-1)
    marks = [i for i, word in enumerate(words[: last_layer + 1]) if word in ("CMD", "ENTRYPOINT")]
    return marks[-1] + 1 if marks else 0
