"""Compressed and verified streams."""

import gzip
import hashlib
import io
import os
import random
import zlib

import pytest
import zstandard

from jettison.errors import DigestError, InvalidInputError, LimitError
from jettison.image.digest import Digest
from jettison.layers import stream
from jettison.layers.layer import drain
from jettison.layers.stream import Blob, Compression, opened, sniff, uncompressed

DATA = random.Random(1).randbytes(70_000) + bytes(70_000)
DIFF_ID = Digest.of(DATA)


def blob(data: bytes, digest: Digest | None = None) -> Blob:
    return Blob(lambda: io.FileIO(_file(data), "rb"), len(data), digest or Digest.of(data), "layer x")


def _file(data: bytes) -> int:
    descriptor = os.memfd_create("data")
    os.write(descriptor, data)
    os.lseek(descriptor, 0, 0)
    return descriptor


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_content_size=False).compress(data)


SKIPPABLE = b"\x50\x2a\x4d\x18\x04\0\0\0skip"
FORMS = {
    "plain": DATA,
    "gzip": gzip.compress(DATA),
    "gzip of many members": gzip.compress(DATA[:100])
    + gzip.compress(DATA[100:99_000])
    + gzip.compress(DATA[99_000:]),
    "gzip with a name": b"\x1f\x8b\x08\x08" + bytes(6) + b"name\0" + gzip.compress(DATA, mtime=0)[10:],
    "gzip with zeros after it": gzip.compress(DATA) + bytes(512),
    "zstd": zstd(DATA),
    "zstd of many frames": zstd(DATA[:100]) + SKIPPABLE + zstd(DATA[100:]),
    "zstd that begins with a skippable frame": SKIPPABLE + zstd(DATA),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read_to_its_end_and_verified(form):
    with uncompressed(blob(FORMS[form]), DIFF_ID) as found:
        assert found.read(len(DATA) + 1) == DATA
        assert found.read(1) == b""


@pytest.mark.parametrize("form", FORMS)
def test_a_wrong_diff_id_is_found_at_the_end(form):
    with (
        uncompressed(blob(FORMS[form]), Digest.of(b"other")) as found,
        pytest.raises(DigestError, match="layer x"),
    ):
        found.read(len(DATA) + 1)


@pytest.mark.parametrize("form", FORMS)
def test_a_wrong_digest_of_the_packed_bytes_is_found_at_the_end(form):
    wrong = blob(FORMS[form], Digest.of(b"other"))
    with uncompressed(wrong, DIFF_ID) as found, pytest.raises(DigestError):
        found.read(len(DATA) + 1)


@pytest.mark.parametrize("form", [form for form in FORMS if form != "plain" and "zeros" not in form])
def test_a_cut_off_stream_is_damaged(form):
    with (
        uncompressed(blob(FORMS[form][:-20]), DIFF_ID) as found,
        pytest.raises((InvalidInputError, DigestError)),
    ):
        found.read(len(DATA) + 1)


@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_junk_after_the_end_is_damaged(form):
    with (
        uncompressed(blob(FORMS[form] + b"junk" * 9), DIFF_ID) as found,
        pytest.raises(InvalidInputError, match="damaged"),
    ):
        drain(found)


@pytest.mark.parametrize("head", [b"BZh9", b"\xfd7zXZ\0", b"\x04\x22\x4d\x18"])
def test_other_compressions_are_refused_by_name(head):
    with pytest.raises(InvalidInputError, match="compressed with"):
        sniff(head, "it")


def test_compression_is_told_by_the_first_bytes():
    assert [sniff(FORMS[form][:8], "") for form in ("plain", "gzip", "zstd")] == list(Compression)


@pytest.mark.parametrize("pack", [lambda data: gzip.compress(data, 9), zstd])
def test_a_bomb_is_refused_while_it_is_read(monkeypatch, pack):
    monkeypatch.setattr(stream, "_RATIO_FREE", 1 << 20)
    monkeypatch.setattr(stream, "MAX_COMPRESSION_RATIO", 100)
    with uncompressed(blob(pack(bytes(1 << 24))), DIFF_ID) as found, pytest.raises(LimitError, match="bomb"):
        drain(found)


def test_more_bytes_than_a_layer_may_have_are_refused(monkeypatch):
    monkeypatch.setattr(stream, "MAX_LAYER_BYTES", 1000)
    with uncompressed(blob(FORMS["gzip"]), DIFF_ID) as found, pytest.raises(LimitError):
        found.read(len(DATA))


def test_a_huge_zstd_window_is_refused():
    parameters = zstandard.ZstdCompressionParameters(window_log=30, compression_level=1)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    data = packer.compress(bytes(1 << 20)) + packer.flush()
    with uncompressed(blob(data), DIFF_ID) as found, pytest.raises(InvalidInputError, match="damaged"):
        found.read(10)


def test_raw_bytes_are_verified_too():
    with opened(blob(b"abc")) as found:
        assert found.read(9) == b"abc"
    with opened(blob(b"abc", Digest.of(b"abd"))) as found, pytest.raises(DigestError):
        found.read(9)


def test_sha512_is_verified():
    digest = Digest("sha512:" + hashlib.sha512(b"abc").hexdigest())
    with opened(blob(b"abc", digest)) as found:
        assert found.read(9) == b"abc"


def test_raw_deflate_is_not_taken_for_a_tar():
    assert sniff(zlib.compress(DATA)[:8], "") is Compression.NONE
