"""Databases of rpm for tests, written as rpm writes them as far as it matters here."""

import sqlite3
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

INT32, STRING, STRING_ARRAY = 4, 6, 8


def header(tags: Mapping[int, str | list[str] | list[int]]) -> bytes:
    """A header blob."""
    entries, store = b"", b""
    for tag, value in sorted(tags.items()):
        kind, count, data = _encoded(value)
        if kind == INT32:
            store += b"\0" * (-len(store) % 4)
        entries += struct.pack(">IIII", tag, kind, len(store), count)
        store += data
    return struct.pack(">II", len(entries) // 16, len(store)) + entries + store


def package(name: str, version: str, files: Mapping[str, list[str]], **more: str) -> bytes:
    """A header with a name, version and files by folder."""
    folders = list(files)
    names = [(folders.index(folder), name) for folder in folders for name in files[folder]]
    tags: dict[int, str | list[str] | list[int]] = {
        1000: name,
        1001: version,
        1002: "1.fc40",
        1014: "MIT",
        1022: "x86_64",
        1044: more.get("source", f"{name}-{version}-1.fc40.src.rpm"),
        1047: [name],
        1049: ["rpmlib(Thing)", "libc.so.6()(64bit)"],
        1116: [index for index, _ in names],
        1117: [base for _, base in names],
        1118: folders,
    }
    if "epoch" in more:
        tags[1003] = [int(more["epoch"])]
    return header(tags)


def database(path: Path, headers: Iterable[bytes]) -> bytes:
    """The bytes of a database with these packages."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
    connection.execute("CREATE TABLE 'Name' (key TEXT NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL)")
    for number, blob in enumerate(headers, 1):
        connection.execute("INSERT INTO Packages VALUES (?, ?)", (number, blob))
        connection.execute("INSERT INTO Name VALUES (?, ?, 0)", (str(number), number))
    connection.commit()
    connection.close()
    return path.read_bytes()


def _encoded(value: str | list[str] | list[int]) -> tuple[int, int, bytes]:
    if isinstance(value, str):
        return STRING, 1, value.encode() + b"\0"
    if all(isinstance(item, int) for item in value):
        return INT32, len(value), b"".join(struct.pack(">I", item) for item in value)
    return STRING_ARRAY, len(value), b"".join(str(item).encode() + b"\0" for item in value)
