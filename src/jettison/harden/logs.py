"""Where an application writes its log lines, and how they look."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from jettison.harden.model import Logs
from jettison.layers.entry import Kind
from jettison.layers.path import decode_path
from jettison.layers.tree import FileTree
from jettison.observe.evidence import Write, WriteOperation

_LINES: Final = 500
"""The last lines are looked at: the first are those of a start."""
_LINE: Final = 8192
_SHARE: Final = 0.6
"""Of the lines that begin an entry, so many must have a format for it to be the format."""
_LOGFMT: Final = re.compile(r'[\w.@-]{1,100}=(?:"(?:[^"\\]|\\.)*+"|[^\s"=]*+)(?=\s|\Z)')
_ACCESS: Final = re.compile(
    r'\S{1,100} \S{1,100} \S{1,100} \[[^\]\s]{5,40} [+-]\d{4}\] "[^"]{0,4000}" \d{3} (?:\d+|-)'
)
"""The common log format, and the combined one, which goes on with referrer and agent."""
_CONTINUES: Final = re.compile(
    r"\s+\S|Traceback \(most recent call last\)|Caused by: |\.\.\. \d+ more|[\w.]+(?:Error|Exception)\b"
)
"""Lines of a trace, which belong to the entry before."""
_NAMED: Final = re.compile(
    r"(?:.*/)?(?:[^/]*\.log(?:\.\d+)?|[^/]*[._-]log|(?:access|error|debug|catalina)[._][^/]*"
    r"|[^/]*\.(?:out|err))"
)
_FOLDERS: Final = re.compile(r"/var/log/|.*/(?:logs?)/", re.IGNORECASE)
_NO_LOG: Final = re.compile(
    r".*/(?:lastlog|[wb]tmp|faillog|journal/.*|[^/]*\.(?:pid|lock|sock|db|sqlite3?|tmp|gz|journal|hprof))"
    r"|/(?:proc|dev|sys)/.*"
)
_STANDARD: Final = re.compile(r"dev/(?:stdout|stderr|fd/[12]|pts/\d+|console|null)|proc/(?:self|\d+)/fd/[12]")
_CHANGED: Final = {WriteOperation.CREATE, WriteOperation.WRITE}


def logs_of(
    stdout: bytes, stderr: bytes, writes: Mapping[str, Write], tree: FileTree, upper: Path | None = None
) -> Logs:
    """What the end of both streams and the writes of a run say.

    A link to /dev/stdout, as web servers' images have it, is no file. `upper` is what such a run changed in
    its root file system: a file that is empty there was opened and never written.
    """
    lines = [*_entries(stdout), *_entries(stderr)]
    files = log_files(writes, tree, upper)
    said = bool(lines)
    kind, because = _format([line for line in lines if not _CONTINUES.match(line)])
    streams = " and ".join(name for name, data in (("stdout", stdout), ("stderr", stderr)) if data.strip())
    notes = [f"{len(lines)} lines on {streams}" if said else "no line on stdout or stderr"]
    notes += [because] if because else []
    notes += ["traces take several lines"] if any(map(_CONTINUES.match, lines)) and kind != "json" else []
    notes += [f"writes {', '.join(files[:3])}"] if files else []
    return Logs(stdout=said, format=kind, files=files, because="; ".join(notes))


def log_files(writes: Mapping[str, Write], tree: FileTree, upper: Path | None = None) -> tuple[str, ...]:
    """The paths of `writes` that are log files, by name or folder, and not empty in `upper`."""
    return tuple(sorted(path for path, write in writes.items() if _is_log(path, write, tree, upper)))


def _is_log(path: str, write: Write, tree: FileTree, upper: Path | None) -> bool:
    if not write.operations & _CHANGED or WriteOperation.MKDIR in write.operations or _NO_LOG.fullmatch(path):
        return False
    if not (_NAMED.fullmatch(path) or _FOLDERS.match(path)):
        return False
    found = tree.resolve(decode_path(path))
    if _STANDARD.fullmatch(os.fsdecode(found.path)):
        return False
    if upper is not None and _is_empty(upper, found.path):
        return False
    return found.node is None or found.node.kind is Kind.FILE


def _is_empty(upper: Path, path: bytes) -> bool:
    """Whether `path` is a file without content in the folder `upper`; links are not followed."""
    try:
        status = os.lstat(os.path.join(os.fsencode(upper), path))
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size == 0


def _entries(data: bytes) -> list[str]:
    """The last lines that are not empty, as text."""
    lines = (line[:_LINE].decode("utf-8", "replace").rstrip() for line in data.splitlines()[-_LINES:])
    return [line for line in lines if line]


def _format(lines: Iterable[str]) -> tuple[str, str]:
    """The format that most lines have, and how many do."""
    counts = Counter(map(_format_of, lines))
    total = counts.total()
    if not total:
        return "", ""
    for kind in ("json", "logfmt", "combined"):
        if counts[kind] >= _SHARE * total:
            return kind, f"{counts[kind]} of {total} are {kind}"
    return "plain", f"{total} have no known structure" if counts["plain"] == total else "mixed formats"


def _format_of(line: str) -> str:
    if line.startswith("{"):
        try:
            if isinstance(msgspec.json.decode(line), dict):
                return "json"
        except (msgspec.MsgspecError, RecursionError):
            return "plain"
    if _ACCESS.match(line):
        return "combined"
    pairs = sum(1 for _ in _LOGFMT.finditer(line))
    return "logfmt" if pairs >= 3 and line.count("=") >= 3 and _LOGFMT.match(line) else "plain"
