"""Tar archives made byte by byte, so that they can be wrong in every way."""

from pathlib import Path

from jettison.layers.tar import StreamSource, TarReader

END = bytes(1024)


def block(
    name: bytes = b"file",
    *,
    type_: bytes = b"0",
    size: int | bytes = 0,
    mode: bytes = b"0000644\0",
    uid: bytes = b"0000000\0",
    mtime: bytes = b"00000000000\0",
    link: bytes = b"",
    magic: bytes = b"ustar\x0000",
    device: tuple[bytes, bytes] = (b"0000000\0", b"0000000\0"),
    prefix: bytes = b"",
    checksum: bytes | None = None,
) -> bytes:
    """One header block; numeric fields are raw bytes where a test wants them wrong."""
    field = size if isinstance(size, bytes) else b"%011o\0" % size
    made = bytearray(
        name.ljust(100, b"\0")[:100]
        + mode
        + uid
        + b"0000000\0"
        + field
        + mtime
        + b" " * 8
        + type_
        + link.ljust(100, b"\0")[:100]
        + magic
        + bytes(64)
        + device[0]
        + device[1]
        + prefix.ljust(155, b"\0")
        + bytes(12)
    )
    made[148:156] = checksum if checksum is not None else b"%06o\0 " % sum(made)
    return bytes(made)


def filled(content: bytes) -> bytes:
    """`content` with the padding that follows it."""
    return content + bytes(-len(content) % 512)


def file(name: bytes, content: bytes = b"", **fields: object) -> bytes:
    """A regular file."""
    return block(name, **({"size": len(content)} | fields)) + filled(content)  # type: ignore[arg-type]


def record(key: str, value: bytes) -> bytes:
    """A PAX record."""
    rest = len(key) + len(value) + 3
    length = rest + 1
    while len(str(length)) + rest != length:
        length += 1
    return b"%d %s=%s\n" % (length, key.encode(), value)


def pax(records: dict[str, bytes] | bytes, type_: bytes = b"x") -> bytes:
    """A PAX header with `records`, or with raw bytes as its content."""
    data = records if isinstance(records, bytes) else b"".join(record(*item) for item in records.items())
    return file(b"pax", data, type_=type_)


def long_name(name: bytes, type_: bytes = b"L") -> bytes:
    """A GNU long name, or with `K` a long link."""
    return file(b"././@LongLink", name + b"\0", type_=type_)


def entries(path: Path, data: bytes) -> list:
    """What our reader sees in `data`, which is kept at `path`."""
    path.write_bytes(data)
    with path.open("rb") as stream:
        return list(TarReader(StreamSource(stream), "the test"))
