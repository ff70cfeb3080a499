"""What is kept of bytes that came back."""

import hashlib

import msgspec

from jettison.limits import RESPONSE_TEXT_BYTES
from jettison.workload.responses import Collector, Kind, Response, as_text, content_of


def test_text_is_kept_with_size_and_digest():
    content = content_of("é\n".encode())
    assert (content.size, content.text) == (3, "é\n")
    assert content.digest == "sha256:" + hashlib.sha256("é\n".encode()).hexdigest()


def test_binary_is_kept_by_digest_and_its_first_bytes():
    content = content_of(b"\x89PNG\0" + bytes(100))
    assert (content.text, content.head[:10]) == (None, "89504e4700")


def test_bytes_in_another_encoding_are_still_text():
    assert as_text(b"caf\xe9") == "café"
    assert as_text(b"\xff\0") is None


def test_the_text_of_a_long_content_is_not_kept_however_it_came():
    collector = Collector()
    for _ in range(RESPONSE_TEXT_BYTES // 1024):
        collector.feed(b"x" * 1024)
    assert collector.content().text is not None
    collector.feed(b"x")
    assert (collector.content().text, collector.content().size) == (None, RESPONSE_TEXT_BYTES + 1)


def test_a_response_survives_json():
    response = Response(
        step="exec 1: a",
        kind=Kind.EXEC,
        exit_code=1,
        stdout=content_of(b"\xff\0"),
        files={"/a": content_of(b"b")},
    )
    assert msgspec.json.decode(msgspec.json.encode(response), type=Response) == response


def test_what_counts_as_failed():
    assert Response(step="a", kind=Kind.EXEC, exit_code=1).failed
    assert Response(step="a", kind=Kind.HTTP, error="timed out").failed
    assert not Response(step="a", kind=Kind.HTTP, status=500).failed
    assert not Response(step="a", kind=Kind.HEALTHCHECK, exit_code=1).failed
