"""Reports as files: written whole or not at all, read with bounds."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import msgspec

from jettison.errors import HostError, InvalidInputError, UsageError
from jettison.limits import MAX_REPORT_BYTES
from jettison.slim.result import SCHEMA, SlimReport

FILE_NAME = "report.json"


def write_report(report: SlimReport, path: Path) -> None:
    """Write `report` as JSON to `path`, through a temporary file beside it. Raises HostError."""
    write_whole(
        path, msgspec.json.format(msgspec.json.encode(report, order="deterministic"), indent=1) + b"\n"
    )


def read_report(path: Path) -> SlimReport:
    """The report in `path`, or in `report.json` of the folder `path`.

    Raises UsageError when there is none, InvalidInputError for a document that is no report of this version.
    """
    if path.is_dir():
        path = path / FILE_NAME
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_REPORT_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", hint="pass the folder of --report") from error
    if len(raw) > MAX_REPORT_BYTES:
        raise InvalidInputError(f"{path} is larger than any report")
    try:
        report = msgspec.json.decode(raw, type=SlimReport)
    except msgspec.DecodeError as error:
        raise InvalidInputError(f"{path} is no report: {error}") from error
    if report.schema != SCHEMA:
        raise InvalidInputError(f"{path} has the schema {report.schema!r}; this version reads {SCHEMA!r}")
    return report


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` at `path` by one rename, so that nobody ever sees half of it. Raises HostError."""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(data)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise HostError(f"cannot write {path}: {error.strerror}") from error
