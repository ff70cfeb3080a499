"""Reads the text formats of Prometheus and OpenMetrics, enough to tell metrics from anything else.

Sources: Prometheus documentation, "Exposition formats"; OpenMetrics 1.0, section "Text format".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

MAX_LINES: Final = 100_000
"""Lines that are looked at; a server with more series than that has said enough."""
_NAME: Final = r"[a-zA-Z_:][a-zA-Z0-9_:]*+"
_PAIR: Final = r'[a-zA-Z_][a-zA-Z0-9_]*+\s*+=\s*+"(?:[^"\\\n]|\\.)*+"\s*+'
_LABELS: Final = rf"\{{\s*+(?:{_PAIR}(?:,\s*+{_PAIR})*+(?:,\s*+)?)?\}}"
_NUMBER: Final = (
    r"[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?|0[xX][0-9a-fA-F]++(?:\.[0-9a-fA-F]*+)?(?:[pP][+-]?\d++)?"
    r"|[+-]?(?i:inf(?:inity)?)|(?i:nan)"
)
_SAMPLE: Final = re.compile(
    rf"(?P<name>{_NAME})(?:[ \t]*+{_LABELS}[ \t]*+|[ \t]++)(?:{_NUMBER})"
    r"(?:[ \t]++-?\d[\d.eE+-]*+)?(?:[ \t]++#[ \t]*+\{.*+)?"
)
"""`name{label="value",…} value [timestamp] [# exemplar]`. No part can be read in two ways, so that a hostile
line takes linear time."""
_TYPE: Final = re.compile(rf"# (?:TYPE|HELP|UNIT)[ \t]++{_NAME}(?:[ \t].*)?")
_MAX_LINE: Final = 64 * 1024


@dataclass(frozen=True)
class Exposition:
    """What a text in that format holds."""

    samples: int
    families: int
    """Different names of samples."""
    described: bool
    """Whether a TYPE, HELP or UNIT line names a metric, as every client library writes them."""


def parse(text: str) -> Exposition | None:
    """`text` as metrics, or None when a line of it is neither a sample nor a comment or there is no
    sample."""
    names: set[str] = set()
    samples = 0
    described = False
    for line in text.split("\n", MAX_LINES)[:MAX_LINES]:
        line = line.strip("\r \t")
        if not line:
            continue
        if len(line) > _MAX_LINE:
            return None
        if line.startswith("#"):
            described = described or _TYPE.fullmatch(line) is not None
            continue
        match = _SAMPLE.fullmatch(line)
        if match is None:
            return None
        names.add(match["name"])
        samples += 1
    return Exposition(samples, len(names), described) if samples else None
