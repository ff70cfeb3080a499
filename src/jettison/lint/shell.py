"""Which shell reads a script: from SHELL, from the base image, or from a shebang."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Dialect(StrEnum):
    """The language of a script. `sh` is a POSIX shell of which nothing more is known."""

    SH = "sh"
    DASH = "dash"
    ASH = "ash"
    BASH = "bash"
    KSH = "ksh"
    ZSH = "zsh"
    POWERSHELL = "powershell"
    CMD = "cmd"
    OTHER = "other"

    @property
    def posix(self) -> bool:
        """Whether it is a Bourne-like shell, whose scripts are parsed."""
        return self not in (Dialect.POWERSHELL, Dialect.CMD, Dialect.OTHER)

    @property
    def has_pipefail(self) -> bool | None:
        """Whether `set -o pipefail` works: dash learned it only in 0.5.13; None where it is not known."""
        if self in (Dialect.BASH, Dialect.KSH, Dialect.ZSH, Dialect.ASH):
            return True
        return False if self is Dialect.DASH else None


_NAMES: Final = {
    "sh": Dialect.SH,
    "dash": Dialect.DASH,
    "ash": Dialect.ASH,
    "bash": Dialect.BASH,
    "rbash": Dialect.BASH,
    "ksh": Dialect.KSH,
    "ksh93": Dialect.KSH,
    "mksh": Dialect.KSH,
    "zsh": Dialect.ZSH,
    "pwsh": Dialect.POWERSHELL,
    "powershell": Dialect.POWERSHELL,
    "cmd": Dialect.CMD,
}


@dataclass(frozen=True, slots=True)
class Shell:
    """The command line in front of a script, and its dialect; `explicit` if SHELL or a shebang says so."""

    argv: tuple[str, ...]
    dialect: Dialect
    explicit: bool = False

    def sets(self, option: str) -> bool:
        """Whether the command line turns on an option of `set -o`, by its long name."""
        letter = {"errexit": "e", "nounset": "u", "xtrace": "x"}.get(option, "")
        words = list(self.argv[1:])
        for index, word in enumerate(words):
            if not word.startswith("-") or word.startswith("--"):
                continue
            if letter and letter in word[1:]:
                return True
            if word.endswith("o") and words[index + 1 : index + 2] == [option]:
                return True
        return False


def dialect_of(program: str) -> Dialect | None:
    """The dialect of a program by the last part of its path; None if it is no shell."""
    name = re.split(r"[/\\]", program)[-1].lower().removesuffix(".exe")
    return _NAMES.get(name)


def shell_of(argv: Sequence[str], *, default: Dialect = Dialect.OTHER) -> Shell:
    """The shell that a SHELL instruction names; `sh` is what the base image has there (`default`)."""
    found = dialect_of(argv[0]) if argv else None
    if found is Dialect.SH and default.posix:
        found = default
    return Shell(tuple(argv), found or Dialect.OTHER, explicit=True)


def shebang_shell(script: str) -> Shell | None:
    """The shell of the first line of a script, if that is a shebang."""
    match = re.match(r"#!\s*(\S+)(?:[ \t]+([^\n]*))?", script)
    if match is None:
        return None
    argv = [match[1], *(match[2] or "").split()]
    if argv[0].rpartition("/")[2] == "env":
        argv = [word for word in argv[1:] if not word.startswith("-") and "=" not in word] or argv
    return Shell(tuple(argv), dialect_of(argv[0]) or Dialect.OTHER, explicit=True)
