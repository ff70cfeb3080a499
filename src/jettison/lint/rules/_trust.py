"""How downloads are checked: programs that verify, and options that turn checks off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from jettison.lint.build import Build
from jettison.lint.command import Arg, Command
from jettison.lint.fix import Applicability, Fix, delete
from jettison.lint.source import Span
from jettison.lint.syntax import Instruction

_VERIFYING: Final = frozenset(
    {
        *("sha1sum", "sha224sum", "sha256sum", "sha384sum", "sha512sum", "shasum", "b2sum", "md5sum"),
        *("gpg", "gpg2", "gpgv", "sqv", "sq", "cosign", "minisign", "signify", "slsa-verifier", "rhash"),
        *("Get-FileHash", "certutil", "jarsigner", "openssl"),
    }
)


def verifies(node: Instruction, build: Build) -> bool:
    """Whether an instruction checks something it has downloaded."""
    return any(command.name in _VERIFYING for command in build.commands(node)) or "FileHash" in node.line.text


def without(command: Command, args: Sequence[Arg], title: str) -> Fix | None:
    """The fix that removes arguments of a command with the blanks before them."""
    if not command.editable or any(arg.start < 0 for arg in args):
        return None
    before = [command.name_span, *(arg.span for arg in command.args)]
    edits = []
    for arg in args:
        place = before.index(arg.span)
        edits.append(delete(Span(before[place - 1].end, arg.span.end)))
    return Fix(title, tuple(edits), Applicability.UNSAFE)
