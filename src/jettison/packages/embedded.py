"""Packages recorded in binaries: Go's build information (debug/buildinfo), Rust's (cargo-auditable)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from jettison.errors import JettisonError
from jettison.packages import binary
from jettison.packages.model import Ecosystem, Found, Package, purl

if TYPE_CHECKING:
    from jettison.layers.tree import FileTree, Node

MAX_INFO_BYTES: Final = 4 << 20
"""Build information of one binary; large programs have 60 kB."""

_GO_SECTION: Final = b".go.buildinfo"
_GO_MAGIC: Final = b"\xff Go buildinf:"
_GO_MARK: Final = 16
"""Bytes that Go's linker puts before and after the module information, so that it is found in memory."""
_RUST_SECTION: Final = b".dep-v0"
_LIBRARY = re.compile(rb"\.so(?:\.[0-9.]+)?\Z|\.node\Z")
_MODULE_LINE = re.compile(r"(?P<kind>mod|dep|=>)\t(?P<path>[^\t\n]+)\t(?P<version>[^\t\n]*)")


class _Crate(msgspec.Struct):
    name: str
    version: str
    kind: str = "runtime"
    source: str = ""


class _Audit(msgspec.Struct):
    packages: list[_Crate]


_audits = msgspec.json.Decoder(_Audit)


def may_hold(node: Node) -> bool:
    """Whether a file is worth a look: programs and libraries; those of Go and Rust are never small."""
    return node.size >= 16_384 and (
        bool(node.mode & 0o111) or b".so" in node.path or node.path.endswith(b".node")
    )


def catalog(tree: FileTree, nodes: Sequence[Node], found: Found) -> None:
    """Add the modules and crates recorded in `nodes` to `found`."""
    for node in nodes:
        try:
            if tree.head(node, 4) == binary.MAGIC:
                with tree.open(node) as stream:
                    found.packages += _packages(stream, node.path)
        except (JettisonError, OSError, ValueError, zlib.error, msgspec.DecodeError) as error:
            found.problem(node.path, str(error))


def _packages(stream: BinaryIO, location: bytes) -> Iterator[Package]:
    elf = binary.read_elf(stream)
    if elf is None:
        return
    if _GO_SECTION in elf.sections:
        compiler, modules = go_info(stream, elf)
        yield from _go_packages(compiler, modules, location)
    if _RUST_SECTION in elf.sections:
        data = binary.content(stream, elf.sections[_RUST_SECTION], MAX_INFO_BYTES)
        yield from _crates(data, location)


def go_info(stream: BinaryIO, elf: binary.Elf) -> tuple[str, str]:
    """(Go version, module information) of a binary; empty texts if they cannot be found."""
    section = binary.content(stream, elf.sections[_GO_SECTION], MAX_INFO_BYTES)
    start = section.find(_GO_MAGIC)
    if start < 0 or len(section) < start + 32:
        return "", ""
    if section[start + 15] & 2:
        version, rest = _varint_text(section[start + 32 :])
        modules, _ = _varint_text(rest)
    else:
        addresses = section[start + 16 :]
        width = elf.pointer.size
        version = _pointed_text(stream, elf, elf.pointer.unpack_from(addresses, 0)[0])
        modules = _pointed_text(stream, elf, elf.pointer.unpack_from(addresses, width)[0])
    if len(modules) > 2 * _GO_MARK and modules[-_GO_MARK - 1] == 0x0A:
        modules = modules[_GO_MARK:-_GO_MARK]
    return version.decode(errors="replace"), modules.decode(errors="replace")


def _varint_text(data: bytes) -> tuple[bytes, bytes]:
    """A string after its length as unsigned LEB128, and what follows."""
    length = shift = 0
    for index, byte in enumerate(data[:10]):
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            end = index + 1 + length
            return data[index + 1 : end], data[end:]
    return b"", b""


def _pointed_text(stream: BinaryIO, elf: binary.Elf, address: int) -> bytes:
    """Before Go 1.18: the string whose header (data pointer, length) lies at `address`."""
    header = _memory(stream, elf, address, 2 * elf.pointer.size)
    if len(header) < 2 * elf.pointer.size:
        return b""
    data, length = (elf.pointer.unpack_from(header, i * elf.pointer.size)[0] for i in (0, 1))
    return _memory(stream, elf, data, length)


def _memory(stream: BinaryIO, elf: binary.Elf, address: int, size: int) -> bytes:
    for section in elf.sections.values():
        if section.address and section.address <= address < section.address + section.size:
            stream.seek(section.offset + address - section.address)
            return stream.read(min(size, MAX_INFO_BYTES))
    return b""


def _go_packages(compiler: str, modules: str, location: bytes) -> Iterator[Package]:
    """The standard library, the main module, its dependencies; `=>` replaces the line before."""
    found: list[tuple[str, str]] = [("stdlib", compiler.split(" ")[0])] if compiler else []
    for match in _MODULE_LINE.finditer(modules):
        if match["kind"] == "=>":
            found.pop()
        found.append((match["path"], match["version"]))
    for path, version in found:
        namespace, _, short = path.rpartition("/")
        yield Package(
            ecosystem=Ecosystem.GOLANG,
            name=path,
            version=version,
            purl=purl(Ecosystem.GOLANG, short, version.removeprefix("go"), namespace=namespace),
            files=(location,),
            location=location,
        )


def _crates(data: bytes, location: bytes) -> Iterator[Package]:
    text = zlib.decompressobj().decompress(data, MAX_INFO_BYTES)
    for crate in _audits.decode(text).packages:
        if crate.kind != "build":
            yield Package(
                ecosystem=Ecosystem.CARGO,
                name=crate.name,
                version=crate.version,
                purl=purl(Ecosystem.CARGO, crate.name, crate.version),
                files=(location,),
                location=location,
            )
