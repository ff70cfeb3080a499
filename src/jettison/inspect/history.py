"""What the history of an image says: which instruction made which layer, and the Dockerfile they came from.

`created_by` is free text (OCI image-spec, config.md, "history"). Three builders write nearly all of it:
BuildKit (the instruction itself, `# buildkit`), the older builder of Docker (`/bin/sh -c #(nop) …`), and
Buildah (`/bin/sh -c …`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from jettison.image.config import ImageConfig

_NOP: Final = re.compile(r"(?:/bin/sh -c|cmd /S /C) #\(nop\)\s*")
_SHELL: Final = re.compile(r"(?:/bin/(?:ba)?sh (?:-o pipefail )?-e?c|/bin/sh -c|cmd /S /C) ", re.S)
_BUILD_ARGS: Final = re.compile(r"\|(\d+) ")
_SUFFIX: Final = re.compile(r"\s*# buildkit\Z")
_LEGACY_COPY: Final = re.compile(r"(COPY|ADD) ((?:file|dir|multi):[0-9a-f]+)( in )(\S+)", re.S)
_KEYWORD: Final = re.compile(
    r"(ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER"
    r"|VOLUME|WORKDIR)(?=\s|$)"
)


class Instruction(Struct, frozen=True):
    """One entry of the history."""

    index: int
    keyword: str
    """`RUN`, `COPY`, …; empty where the text names no instruction (`docker import`, other builders)."""
    text: str
    """The instruction as a Dockerfile would have it; without build arguments."""
    raw: str
    """`created_by` as it is in the config."""
    layer: int | None
    """Index of the layer it made; None for one that made none, and where it cannot be told."""
    created: str = ""
    comment: str = ""
    arguments: tuple[str, ...] = ()
    """`NAME=VALUE` of each build argument that the instruction was run with."""


def instructions(config: ImageConfig) -> tuple[Instruction, ...]:
    """The history of an image, oldest first."""
    aligned = _layers(config)
    return tuple(
        _instruction(index, entry.created_by, layer, entry.created, entry.comment)
        for index, (entry, layer) in enumerate(zip(config.history, aligned, strict=True))
    )


def by_layer(found: Sequence[Instruction], layers: int) -> list[Instruction | None]:
    """For each layer the instruction that made it."""
    out: list[Instruction | None] = [None] * layers
    for instruction in found:
        if instruction.layer is not None:
            out[instruction.layer] = instruction
    return out


def _layers(config: ImageConfig) -> Iterator[int | None]:
    """The layer of each history entry. Squashed and imported images have other counts: then nothing is
    claimed."""
    making = [not entry.empty_layer for entry in config.history]
    known = sum(making) == len(config.diff_ids)
    layer = 0
    for makes in making:
        yield layer if makes and known else None
        layer += makes


def _instruction(index: int, raw: str, layer: int | None, created: str, comment: str) -> Instruction:
    text, arguments = _split_arguments(_SUFFIX.sub("", raw.strip()))
    text = _dockerfile_form(text)
    keyword = _KEYWORD.match(text)
    return Instruction(
        index, keyword[1] if keyword else "", text, raw, layer, created, comment, tuple(arguments)
    )


def _split_arguments(text: str) -> tuple[str, list[str]]:
    """`|2 A=1 B=2 /bin/sh -c x`, or `RUN |2 A=1 B=2 /bin/sh -c x`, without and with only its arguments."""
    lead = "RUN " if text.startswith("RUN |") else ""
    counted = _BUILD_ARGS.match(text, len(lead))
    if not counted:
        return text, []
    rest = text[counted.end() :]
    shell = _SHELL.search(rest)
    head = rest[: shell.start()] if shell else ""
    return lead + rest[len(head) :], re.findall(r"[A-Za-z_]\w*=.*?(?= [A-Za-z_]\w*=|\s*\Z)", head, re.S)


def _dockerfile_form(text: str) -> str:
    nop = _NOP.match(text)
    if nop:
        return _LEGACY_COPY.sub(r"\1 \2 \4", text[nop.end() :].strip())
    if text.startswith("RUN "):
        shell = _SHELL.match(text, 4)
        return "RUN " + text[shell.end() :].strip() if shell else text
    shell = _SHELL.match(text)
    if shell:
        return "RUN " + text[shell.end() :].strip()
    return text


def dockerfile(found: Sequence[Instruction], config: ImageConfig, *, base: str, base_entries: int) -> str:
    """A Dockerfile that says how the image was made, as far as its history tells.

    `base` is what FROM names, or empty; the first `base_entries` entries belong to it. Files that COPY and
    ADD brought are named as the history names them.
    """
    lines = [f"FROM {base or 'scratch'}"]
    if not base and base_entries:
        lines[0] = "# The base image is not known; its part of the history is left out.\nFROM scratch"
    for instruction in found[base_entries:]:
        lines += [f"# layer {instruction.layer}"] if instruction.layer is not None else []
        lines += [f"ARG {name.partition('=')[0]}" for name in instruction.arguments]
        lines.append(_line(instruction))
    if not any(i.keyword in ("CMD", "ENTRYPOINT") for i in found[base_entries:]):
        lines += _final_process(config)
    return "\n".join(lines) + "\n"


def _line(instruction: Instruction) -> str:
    if not instruction.keyword:
        return "# " + " ".join((instruction.raw or instruction.comment or "no record").split())
    body = instruction.text
    if instruction.keyword == "EXPOSE":
        return re.sub(r"map\[(.*?)\]", lambda m: re.sub(r":\{\}", "", m[1]), body)
    if instruction.keyword == "RUN":
        return re.sub(r"[ \t]+(&&|;|\|\|) +", r" \\\n    \1 ", re.sub(r"\t+| {3,}", " ", body))
    return body


def _final_process(config: ImageConfig) -> list[str]:
    run = config.config
    entry = [f"ENTRYPOINT {json.dumps(list(run.entrypoint))}"] if run.entrypoint else []
    return entry + ([f"CMD {json.dumps(list(run.cmd))}"] if run.cmd else [])
