"""The folder that `harden` writes: nobody else's files are replaced, and the report comes last."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import structs

from jettison.errors import HostError, UsageError
from jettison.harden.model import SCHEMA, HardenReport
from jettison.limits import MAX_REPORT_BYTES
from jettison.report.files import FILE_NAME, write_whole


class _Head(msgspec.Struct):
    schema: str = ""


def check_folder(folder: Path, *, force: bool) -> None:
    """Make `folder`. Raises UsageError when it holds files that no earlier `harden` wrote, unless `force`;
    HostError when it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        foreign = any(folder.iterdir()) and not _is_ours(folder)
    except OSError as error:
        raise HostError(f"cannot write to {folder}: {error.strerror}") from error
    if foreign and not force:
        raise UsageError(
            f"{folder} has files that are not from an earlier run",
            hint="give another folder with --output, or --force to replace files of the same names",
        )


def write_folder(folder: Path, files: Mapping[str, bytes], report: HardenReport) -> HardenReport:
    """Write `files` and the report, each whole or not at all; gives the report with their names. Raises
    HostError."""
    names = tuple(sorted({*files, FILE_NAME}))
    told = structs.replace(report, files=names)
    for name in sorted(files):
        write_whole(folder / name, files[name])
    encoded = msgspec.json.encode(told, order="deterministic")
    write_whole(folder / FILE_NAME, msgspec.json.format(encoded, indent=1) + b"\n")
    return told


def _is_ours(folder: Path) -> bool:
    try:
        with (folder / FILE_NAME).open("rb") as file:
            return msgspec.json.decode(file.read(MAX_REPORT_BYTES), type=_Head).schema == SCHEMA
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return False
