"""Arguments of executed programs, bounded and without what looks like a secret."""

from __future__ import annotations

import re
from typing import Final

MAX_ARGUMENTS: Final = 64
MAX_ARGUMENT_BYTES: Final = 512
MASK: Final = b"***"

_WORD: Final = (
    rb"pass(?:word|wd|phrase)?|pwd|secret|token|credential|api[-_]?key|access[-_]?key|private[-_]?key"
    rb"|auth|bearer|cookie"
)
_NAMED: Final = re.compile(rb"([\w.-]*(?:" + _WORD + rb")[\w.-]*\s*[=:]\s*)(\S.*)", re.IGNORECASE | re.DOTALL)
"""`name=value` and `name: value`, anywhere in an argument."""
_OPTION: Final = re.compile(rb"--?[\w-]*(?:" + _WORD + rb")[\w-]*", re.IGNORECASE)
"""An option whose value is the next argument."""
_URL: Final = re.compile(rb"([a-z][a-z0-9+.-]*://[^\s/:@]*):[^\s/@]+@", re.IGNORECASE)
_TOKEN: Final = re.compile(
    rb"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[a-z]-[\w-]{10,}|sk[-_][\w-]{16,}"
    rb"|(?:AKIA|ASIA)[A-Z0-9]{16}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"
)
"""Values that say themselves what they are."""


def masked(arguments: list[bytes]) -> tuple[bytes, ...]:
    """`arguments` with the values of passwords, tokens and the like replaced by `***`."""
    found = []
    hide = False
    for argument in arguments:
        found.append(MASK if hide else _mask(argument))
        hide = not hide and _OPTION.fullmatch(argument) is not None
    return tuple(found)


def _mask(argument: bytes) -> bytes:
    argument = _URL.sub(rb"\1:***@", argument)
    argument = _NAMED.sub(rb"\1***", argument)
    return _TOKEN.sub(MASK, argument)
