"""Reading tar archives: ustar, PAX and GNU, as streams of bytes, strictly and within bounds.

Where dialects leave a choice this reader does what Go's `archive/tar` does, because every engine reads
layers with it: a local PAX header replaces an earlier one, global PAX headers are checked and ignored, a
GNU long name wins over a PAX path, content of anything but a regular file is ignored. Unlike it, sparse
files are refused.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from functools import lru_cache
from typing import BinaryIO, Final, Protocol

from jettison.errors import InvalidInputError, LimitError, RefusedError
from jettison.layers import pax
from jettison.layers.entry import Entry, Kind
from jettison.layers.path import encode_path, normalise
from jettison.limits import MAX_ENTRIES, MAX_LAYER_BYTES, MAX_NAME_BYTES, MAX_PATH_BYTES, MAX_PAX_BYTES

BLOCK: Final = 512
CHUNK: Final = 1 << 20
"""Bytes of content handled at once."""
WHITEOUT: Final = b".wh."
"""Prefix of the name of a removed path (image-spec, layer.md, "Whiteouts")."""
OPAQUE: Final = b".wh..wh..opq"
_AUFS: Final = b".wh..wh."
_HEADER: Final = struct.Struct("100s8s8s8s12s12s8s1s100s8s32s32s8s8s155s12x")
_ZERO: Final = bytes(BLOCK)
_SPACES: Final = b" " * 8
_OCTAL_DIGITS: Final = b"01234567"
_MAX_ID: Final = 2**32 - 2
"""The largest uid or gid; 2**32 - 1 is "no change" to chown(2)."""
_MAX_TIME: Final = 2**63 - 1
_KINDS: Final = {
    b"0": Kind.FILE,
    b"\0": Kind.FILE,
    b"7": Kind.FILE,
    b"1": Kind.HARDLINK,
    b"2": Kind.SYMLINK,
    b"3": Kind.CHAR,
    b"4": Kind.BLOCK,
    b"5": Kind.DIR,
    b"6": Kind.FIFO,
}
_NO_RECORDS: Final[dict[bytes, bytes]] = {}


class Source(Protocol):
    """Where the bytes of an archive come from."""

    def read(self, size: int, /) -> bytes:
        """The next `size` bytes; fewer only at the end."""

    def skip(self, size: int, /) -> None:
        """Pass over `size` bytes; raises `InvalidInputError` if there are fewer."""


class StreamSource:
    """A `Source` that reads what it skips, so that a verifying stream sees every byte."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.position = 0
        """Bytes read so far: after an entry was yielded, where its content begins."""

    def read(self, size: int) -> bytes:
        """The next `size` bytes."""
        data = self._stream.read(size)
        self.position += len(data)
        return data

    def skip(self, size: int) -> None:
        """Read and forget `size` bytes."""
        while size > 0:
            got = len(self.read(min(size, CHUNK)))
            if not got:
                raise InvalidInputError("the archive ends within a file")
            size -= got


class TarReader:
    """The entries of one archive, in its order; iterate once.

    `content()` gives the bytes of the FILE that was yielded last; what is not read of it is skipped. Errors
    are `InvalidInputError` and `LimitError`, and say which archive (`what`) and which entry.
    """

    def __init__(self, source: Source, what: str) -> None:
        self._read = source.read
        self._skip = source.skip
        self._what = what
        self._left = 0
        """Content bytes of the current entry that nobody has read yet."""
        self._padding = 0
        self._name = b""

    def __iter__(self) -> Iterator[Entry]:
        count = 0
        try:
            while (entry := self._next()) is not None:
                count += 1
                if count > MAX_ENTRIES:
                    raise LimitError(f"more than {MAX_ENTRIES} entries")
                yield entry
        except RefusedError as error:
            if type(error) not in (InvalidInputError, LimitError):
                raise
            at = f" at {encode_path(self._name)[:200]!r}" if self._name else ""
            raise type(error)(f"{self._what}: {error}{at}", hint=error.hint) from None

    def content(self) -> Iterator[bytes]:
        """The content of the current FILE in pieces of up to `CHUNK` bytes."""
        while self._left:
            piece = self._read(min(self._left, CHUNK))
            if not piece:
                raise InvalidInputError(
                    f"{self._what}: the archive ends within {encode_path(self._name)[:200]!r}"
                )
            self._left -= len(piece)
            yield piece

    def _next(self) -> Entry | None:
        """The next entry that means something; None at the end."""
        records, long_name, long_link = _NO_RECORDS, b"", b""
        while True:
            self._finish()
            block = self._header()
            if block is None:
                if records or long_name or long_link:
                    raise InvalidInputError("the archive ends after an extended header")
                return None
            fields = _HEADER.unpack(block)
            type_flag = fields[7]
            if type_flag in b"xgLK":
                data = self._extension(fields)
                if type_flag == b"x":
                    records = dict(pax.parse_records(data))
                elif type_flag == b"g":
                    for _ in pax.parse_records(data):
                        pass
                elif type_flag == b"L":
                    long_name = _until_nul(data)
                else:
                    long_link = _until_nul(data)
                continue
            entry = self._entry(fields, records, long_name, long_link)
            if entry is not None:
                return entry
            records, long_name, long_link = _NO_RECORDS, b"", b""

    def _finish(self) -> None:
        if self._left or self._padding:
            self._skip(self._left + self._padding)
            self._left = self._padding = 0

    def _header(self) -> bytes | None:
        """The next header block, its checksum verified; None at the end of the archive."""
        block = self._read(BLOCK)
        if not block:
            return None
        if len(block) != BLOCK:
            raise InvalidInputError("the archive ends within a header")
        if block == _ZERO:
            if self._read(BLOCK) not in (_ZERO, b""):
                raise InvalidInputError("a lone block of zeros stands between entries")
            return None
        _check_sum(block)
        return block

    def _extension(self, fields: tuple[bytes, ...]) -> bytes:
        """The content of a PAX header or GNU long name."""
        size = _number(fields[4])
        if not 0 <= size <= MAX_PAX_BYTES:
            raise LimitError(f"an extended header of {size} bytes; the limit is {MAX_PAX_BYTES}")
        data = self._read(size)
        if len(data) != size:
            raise InvalidInputError("the archive ends within an extended header")
        self._padding = -size % BLOCK
        return data

    def _entry(
        self, fields: tuple[bytes, ...], records: dict[bytes, bytes], long_name: bytes, long_link: bytes
    ) -> Entry | None:
        """The entry of a header; None for what carries no file (volume labels, AUFS bookkeeping)."""
        raw_name = long_name or records.get(b"path") or _ustar_name(fields)
        self._name = raw_name
        kind = _KINDS.get(fields[7])
        if kind is None:
            raise InvalidInputError(f"entries of type {fields[7]!r} are not supported")
        if kind is Kind.FILE:
            self._begin_content(fields, records)
            if fields[7] == b"\0" and raw_name.endswith(b"/"):
                kind = Kind.DIR
        path = clean(raw_name)
        if WHITEOUT in path and (marker := _marker(path)) is not None:
            return marker if marker.kind is not Kind.FILE else None
        entry = Entry(
            path,
            kind,
            _octal(fields[1]) & 0o7777,
            _octal(fields[2]),
            _octal(fields[3]),
            self._left if kind is Kind.FILE else 0,
            _octal(fields[5]) * 1_000_000_000,
        )
        if records:
            _apply(records, entry)
        _check_ranges(entry)
        return entry if kind <= Kind.DIR and path else _special(entry, fields, records, long_link)

    def _begin_content(self, fields: tuple[bytes, ...], records: dict[bytes, bytes]) -> None:
        if records and any(key.startswith(b"GNU.sparse.") for key in records):
            raise InvalidInputError("sparse files are not supported")
        size = _decimal(records[b"size"]) if records.get(b"size") else _number(fields[4])
        if size < 0:
            raise InvalidInputError(f"its size is {size}")
        if size > MAX_LAYER_BYTES:
            raise LimitError(f"its size is {size} bytes; the limit is {MAX_LAYER_BYTES}")
        self._left = size
        self._padding = -size % BLOCK


def clean(raw: bytes) -> bytes:
    """A name in an archive as a path relative to the root; absolute names and `..` stay inside it, as
    engines do.

    Raises `InvalidInputError` or `LimitError` for what Linux could not store.
    """
    if b"\0" in raw:
        raise InvalidInputError("a name holds a NUL byte")
    path = normalise(raw)
    if len(path) > MAX_NAME_BYTES:
        if len(path) >= MAX_PATH_BYTES:
            raise LimitError(f"a name of {len(path)} bytes; the limit is {MAX_PATH_BYTES - 1}")
        if max(map(len, path.split(b"/"))) > MAX_NAME_BYTES:
            raise LimitError(f"a component of a name is longer than {MAX_NAME_BYTES} bytes")
    return path


def _special(entry: Entry, fields: tuple[bytes, ...], records: dict[bytes, bytes], long_link: bytes) -> Entry:
    """`entry` with what links and devices have besides; the root may only be a folder (CVE-2021-29136)."""
    kind = entry.kind
    if not entry.path and kind is not Kind.DIR:
        raise InvalidInputError("the root folder would be replaced by something else")
    if kind in (Kind.SYMLINK, Kind.HARDLINK):
        target = long_link or records.get(b"linkpath") or _until_nul(fields[8])
        if not target or b"\0" in target:
            raise InvalidInputError("a link without a valid target")
        if len(target) >= MAX_PATH_BYTES:
            raise LimitError(f"the target of a link is longer than {MAX_PATH_BYTES - 1} bytes")
        entry.target = target if kind is Kind.SYMLINK else clean(target)
    elif kind in (Kind.CHAR, Kind.BLOCK):
        entry.device = (_octal(fields[12]), _octal(fields[13]))
        if not all(0 <= number < 2**31 for number in entry.device):
            raise InvalidInputError("its device number is out of range")
        if kind is Kind.CHAR and entry.device == (0, 0):
            return Entry(entry.path, Kind.WHITEOUT)  # what every overlay file system makes of it
    return entry


def _marker(path: bytes) -> Entry | None:
    """The WHITEOUT or OPAQUE that `path` stands for, a FILE for bookkeeping to ignore, None for an
    ordinary name."""
    *folders, base = path.split(b"/")
    if any(part.startswith(_AUFS) for part in folders):
        return Entry(path, Kind.FILE)
    if any(part.startswith(WHITEOUT) for part in folders):
        raise InvalidInputError("a folder has the name of a whiteout")
    if not base.startswith(WHITEOUT):
        return None
    if base == OPAQUE:
        return Entry(b"/".join(folders), Kind.OPAQUE)
    if base.startswith(_AUFS):
        return Entry(path, Kind.FILE)
    removed = base[len(WHITEOUT) :]
    if removed in (b"", b".", b".."):
        raise InvalidInputError("a whiteout that names no file")
    return Entry(b"/".join((*folders, removed)), Kind.WHITEOUT)


def _check_sum(block: bytes) -> None:
    """Refuse a header whose checksum is wrong.

    Adler-32 holds the sum of the bytes modulo 65521: a hundred times faster than adding them up here, and the
    sum of a header is below twice that. Historic archives that summed signed bytes are tried after.
    """
    field = block[148:156]
    if zlib.adler32(block) & 0xFFFF == _expected(field):
        return
    signed = sum(byte - 256 if byte > 127 else byte for byte in block[:148] + _SPACES + block[156:])
    if signed != _octal(field):
        raise InvalidInputError("the checksum of a header is wrong")


@lru_cache(maxsize=65536)
def _expected(field: bytes) -> int:
    """The lower half of Adler-32 of a header whose checksum `field` is right; that counts spaces in its
    place."""
    return (_octal(field) + sum(field) - sum(_SPACES) + 1) % 65521


@lru_cache(maxsize=8192)
def _octal(field: bytes) -> int:
    """`_number`, remembered: owners, modes and times repeat."""
    return _number(field)


def _number(field: bytes) -> int:
    """A numeric field: octal digits, or base-256 if its first bit is set (GNU)."""
    if field[:1] >= b"\x80":
        if field[0] & 0x40:
            return int.from_bytes(field, "big", signed=True)
        return int.from_bytes(bytes((field[0] & 0x7F,)) + field[1:], "big")
    digits = field.strip(b" \0")
    if digits.translate(None, _OCTAL_DIGITS):
        raise InvalidInputError(f"a numeric field of a header is {field!r}")
    return int(digits or b"0", 8)


def _decimal(value: bytes) -> int:
    if not value.isdigit() or len(value) > 20:
        raise InvalidInputError(f"{value[:40]!r} is not a number")
    return int(value)


def _apply(records: dict[bytes, bytes], entry: Entry) -> None:
    """Let PAX records that are not empty win over the header."""
    if records.get(b"uid"):
        entry.uid = _decimal(records[b"uid"])
    if records.get(b"gid"):
        entry.gid = _decimal(records[b"gid"])
    if records.get(b"mtime"):
        entry.mtime_ns = pax.parse_time(records[b"mtime"])
    entry.xattrs = pax.parse_xattrs(records)


def _check_ranges(entry: Entry) -> None:
    if not (0 <= entry.uid <= _MAX_ID and 0 <= entry.gid <= _MAX_ID):
        raise InvalidInputError(f"its owner {entry.uid}:{entry.gid} is not a valid id")
    if not -_MAX_TIME <= entry.mtime_ns <= _MAX_TIME:
        raise InvalidInputError("its modification time is out of range")


def _ustar_name(fields: tuple[bytes, ...]) -> bytes:
    """The name of a header, with ustar's prefix; GNU headers use those bytes otherwise."""
    name = _until_nul(fields[0])
    if fields[9] == b"ustar\x0000" and fields[14][:1] != b"\0":
        return _until_nul(fields[14]) + b"/" + name
    return name


def _until_nul(field: bytes) -> bytes:
    return field.partition(b"\0")[0]
