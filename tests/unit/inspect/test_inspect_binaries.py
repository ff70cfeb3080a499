"""Defences of programs and dates of certificates, held against what others read of real files."""

import datetime
import itertools
import ssl
from pathlib import Path

import pytest
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile

from jettison.inspect.certificates import certificates
from jettison.inspect.hardening import Defences, defences

AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
PLACES = ("/usr/bin", "/usr/sbin", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu")


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(4)


def programs(limit: int) -> list[Path]:
    files = itertools.chain.from_iterable(sorted(Path(place).glob("*")) for place in PLACES)
    real = (path for path in files if path.is_file() and not path.is_symlink())
    real = (path for path in real if path.stat().st_size < 1 << 21)  # pyelftools reads symbols one by one
    elf = (path for path in real if _head(path) == b"\x7fELF")
    return list(itertools.islice(elf, limit))


def independent(path: Path) -> Defences | None:
    """What pyelftools finds, by the rules of checksec."""
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        if elf.header.e_type not in ("ET_EXEC", "ET_DYN"):
            return None
        segments = {segment.header.p_type: segment.header.p_flags for segment in elf.iter_segments()}
        dynamic = next((s for s in elf.iter_sections() if isinstance(s, DynamicSection)), None)
        tags = {tag.entry.d_tag: tag.entry.d_val for tag in dynamic.iter_tags()} if dynamic else {}
        now = "DT_BIND_NOW" in tags or tags.get("DT_FLAGS", 0) & 8 or tags.get("DT_FLAGS_1", 0) & 1
        names = elf.get_section_by_name(".dynsym") or elf.get_section_by_name(".symtab")
        symbols = {symbol.name for symbol in names.iter_symbols()} if names else None
        canary = None if symbols is None else "__stack_chk_fail" in symbols
        stack = segments.get("PT_GNU_STACK")
        return Defences(
            program=elf.header.e_type == "ET_EXEC"
            or "PT_INTERP" in segments
            or bool(tags.get("DT_FLAGS_1", 0) & 0x08000000),
            pie=elf.header.e_type == "ET_DYN",
            nx=stack is not None and not stack & 1,
            relro=("full" if now else "partial") if "PT_GNU_RELRO" in segments else "none",
            canary=canary,
            removable=0,
        )


def test_defences_are_those_that_pyelftools_finds():
    found, differ = 0, {}
    for path in programs(80):
        with path.open("rb") as stream:
            ours = defences(stream)
        other = independent(path)
        found += ours is not None
        if ours is not None and other is not None:
            ours = Defences(ours.program, ours.pie, ours.nx, ours.relro, ours.canary, 0)
        if ours != other:
            differ[path.name] = (ours, other)
    assert differ == {}
    assert found > 50


@pytest.mark.skipif(not AUTHORITIES.exists(), reason="this host has no certificate authorities")
def test_names_and_ends_of_certificates_are_those_that_openssl_finds():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(AUTHORITIES)
    expected = set()
    for each in context.get_ca_certs():
        names = {key: value for pair in each["subject"] for key, value in reversed(pair)}
        end = datetime.datetime.fromtimestamp(ssl.cert_time_to_seconds(each["notAfter"]), datetime.UTC)
        expected.add((names.get("commonName") or names.get("organizationName") or "", end))
    found = {(each.subject, each.not_after) for each in certificates(AUTHORITIES.read_bytes())}
    assert len(expected) > 50
    assert found == expected
