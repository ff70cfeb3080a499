"""Writing tar headers: ustar, with PAX records for what does not fit; the same entry always gives the same
bytes."""

from __future__ import annotations

import struct
from typing import Final

from jettison.layers import pax
from jettison.layers.entry import Entry, Kind
from jettison.layers.tar import BLOCK

END: Final = bytes(2 * BLOCK)
"""What ends an archive."""
_LAYOUT: Final = struct.Struct("100s8s8s8s12s12s8s1s100s8s64x8s8s155s12x")
_ZERO: Final = b"0000000\0"
_SECOND: Final = 1_000_000_000
_TYPES: Final = {
    Kind.FILE: b"0",
    Kind.HARDLINK: b"1",
    Kind.SYMLINK: b"2",
    Kind.CHAR: b"3",
    Kind.BLOCK: b"4",
    Kind.DIR: b"5",
    Kind.FIFO: b"6",
}


def header(entry: Entry) -> bytes:
    """The blocks that stand before the content of `entry`.

    Owners are numbers alone, times have the precision that the entry has. Raises ValueError for a kind that
    tar lacks.
    """
    if entry.kind not in _TYPES:
        raise ValueError(f"tar has no entries of kind {entry.kind.name}")
    path = entry.path + b"/" if entry.kind is Kind.DIR else entry.path
    if not entry.path:
        path = b"./"
    records: dict[bytes, bytes] = {}
    prefix, name = _split(path, records)
    target = _fit(b"linkpath", entry.target, 100, records)
    size = _number(b"size", entry.size if entry.kind is Kind.FILE else 0, 11, records)
    uid = _number(b"uid", entry.uid, 7, records)
    gid = _number(b"gid", entry.gid, 7, records)
    seconds, fraction = divmod(entry.mtime_ns, _SECOND)
    if fraction or not 0 <= seconds < 8**11:
        records[b"mtime"] = pax.format_time(entry.mtime_ns)
    mtime = b"%011o\0" % (seconds if 0 <= seconds < 8**11 else 0)
    records.update((pax.XATTR + key, value) for key, value in entry.xattrs.items())
    mode, major, minor = (b"%07o\0" % number for number in (entry.mode, *entry.device))
    block = _block(name, mode, uid, gid, size, mtime, _TYPES[entry.kind], target, major, minor, prefix)
    return _extended(records) + block if records else block


def padding(size: int) -> bytes:
    """What follows `size` bytes of content."""
    return bytes(-size % BLOCK)


def _block(*fields: bytes) -> bytes:
    """One header block with its checksum; `fields` in their order, the checksum left out."""
    name, mode, uid, gid, size, mtime, type_, target, major, minor, prefix = fields
    block = bytearray(_LAYOUT.size)
    numbers = (mode, uid, gid, size, mtime, b" " * 8)
    _LAYOUT.pack_into(block, 0, name, *numbers, type_, target, b"ustar\x0000", major, minor, prefix)
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def _extended(records: dict[bytes, bytes]) -> bytes:
    """The PAX header with `records`; it has no time and owner, so it is the same everywhere."""
    if any(not _is_text(records.get(key, b"")) for key in (b"path", b"linkpath")):
        records = {b"hdrcharset": b"BINARY", **records}
    data = b"".join(pax.record(key, records[key]) for key in sorted(records))
    size = b"%011o\0" % len(data)
    block = _block(
        b"PaxHeader", b"0000644\0", _ZERO, _ZERO, size, b"00000000000\0", b"x", b"", _ZERO, _ZERO, b""
    )
    return block + data + padding(len(data))


def _split(path: bytes, records: dict[bytes, bytes]) -> tuple[bytes, bytes]:
    """Prefix and name of ustar; a PAX record where they cannot hold `path`."""
    if len(path) <= 100:
        return b"", path
    slash = path.rfind(b"/", 0, 156) if path.isascii() else -1
    if slash > 0 and 0 < len(path) - slash - 1 <= 100:
        return path[:slash], path[slash + 1 :]
    records[b"path"] = path
    return b"", path[:100]


def _fit(key: bytes, value: bytes, size: int, records: dict[bytes, bytes]) -> bytes:
    if len(value) > size:
        records[key] = value
    return value[:size]


def _number(key: bytes, value: int, digits: int, records: dict[bytes, bytes]) -> bytes:
    if value >= 8**digits:
        records[key] = b"%d" % value
        value = 0
    return b"%0*o\0" % (digits, value)


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
