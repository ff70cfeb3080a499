"""The image of a container that does nothing: it holds a network for the sandbox.

Among the services of a compose project it stands where the application would: the engine gives it the
service's networks and names, and the sandbox joins its network namespace. It needs a program that sleeps, and
no image is sure to have one: so it is written here, a few instructions long.
"""

from __future__ import annotations

import io
import struct
from typing import Any, Final

from jettison.errors import HostError
from jettison.image import document
from jettison.image.config import parse_config
from jettison.image.digest import Digest
from jettison.image.platform import host_platform
from jettison.layers.entry import Entry, Kind
from jettison.layers.header import END, header, padding
from jettison.layers.layer import TarLayer
from jettison.layers.stream import Blob
from jettison.stores.image import StoredImage

PROGRAM: Final = "/hold"
_CODE: Final = {
    # mov eax, __NR_pause; syscall; jmp back
    "amd64": (62, bytes.fromhex("b822000000 0f05 ebf7")),
    # mov x0…x3, 0; mov x8, __NR_ppoll; svc 0; b back
    "arm64": (183, bytes.fromhex("000080d2 010080d2 020080d2 030080d2 280980d2 010000d4 faffff17")),
}
"""ELF machine (elf.h, EM_*), and a loop that sleeps until it is killed."""
_ADDRESS: Final = 0x400000
_HEADERS: Final = 64 + 56
"""Bytes of the ELF header and of one program header (elf(5))."""
_PAGE: Final = 0x10000


def holder_image(name: str) -> StoredImage:
    """The image, with `name` as its reference; the same bytes each time. Raises `HostError` on processors
    that it was not written for."""
    platform = host_platform()
    if platform.architecture not in _CODE:
        raise HostError(
            f"services of a compose file cannot be joined on {platform}",
            hint="start them yourself, and use --network container:NAME",
        )
    program = _elf(*_CODE[platform.architecture])
    tar = header(Entry(PROGRAM.lstrip("/").encode(), Kind.FILE, 0o755, size=len(program)))
    tar += program + padding(len(program)) + END
    layer = Digest.of(tar)
    raw = document.canonical(
        {
            "architecture": platform.architecture,
            "os": platform.os,
            "config": {"Entrypoint": [PROGRAM]},
            "rootfs": {"type": "layers", "diff_ids": [str(layer)]},
        }
    )
    blob = Blob(lambda: _Bytes(tar), len(tar), layer, "the layer of the holder")
    return StoredImage(name, raw, parse_config(raw), [TarLayer(layer, blob)])


class _Bytes(io.RawIOBase):
    """Bytes as a raw stream."""

    def __init__(self, content: bytes) -> None:
        self._stream = io.BytesIO(content)

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer`; 0 at the end."""
        return self._stream.readinto(buffer)


def _elf(machine: int, code: bytes) -> bytes:
    """A static program of `code`."""
    ident = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    start = struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, _ADDRESS + _HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    size = _HEADERS + len(code)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _ADDRESS, _ADDRESS, size, size, _PAGE)
    return ident + start + segment + code
