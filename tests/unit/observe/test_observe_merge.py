"""Merging observations is a union, and their document survives a round trip."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jettison.errors import InvalidInputError, UsageError
from jettison.observe.evidence import (
    Access,
    Capability,
    Checks,
    Evidence,
    Exec,
    ImageIdentity,
    Operation,
    Phase,
    Resources,
    Run,
    Socket,
    Write,
    WriteOperation,
)
from jettison.observe.files import decode, encode
from jettison.observe.merge import merge

PATHS = st.sampled_from(["/a", "/b", "/c d", "/%FF"])
ACCESSES = st.builds(
    Access,
    st.sets(st.sampled_from(Operation), min_size=1),
    st.sets(st.sampled_from(Phase), min_size=1),
    st.sets(st.sampled_from(["/bin/x", "/bin/y"])),
    st.sets(st.sampled_from(["start", "http GET /"])),
)


NAMES = st.sampled_from(["read", "write", "socket"])
COUNTS = st.dictionaries(NAMES, st.integers(1, 9))
CHECKS = st.builds(
    Checks, st.sets(st.sampled_from(Phase)), st.sets(st.sampled_from(["/bin/x", "/bin/y"])), st.sets(NAMES)
)
CAPABILITIES = st.dictionaries(
    st.sampled_from(["CAP_CHOWN", "CAP_KILL"]), st.builds(Capability, CHECKS, CHECKS)
)
ARGUMENTS = st.dictionaries(NAMES, st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3))))


@st.composite
def evidences(draw):
    paths = draw(st.dictionaries(PATHS, ACCESSES))
    missing = {k: v for k, v in draw(st.dictionaries(PATHS, ACCESSES)).items() if k not in paths}
    return Evidence(
        ImageIdentity("app", "sha256:0", "linux/amd64"),
        runs=[Run(draw(st.sampled_from("12")), ("app",))],
        paths=paths,
        missing=missing,
        writes={path: Write(draw(st.sets(st.sampled_from(WriteOperation)))) for path in draw(st.sets(PATHS))},
        execs=sorted({Exec(path, (path,)) for path in draw(st.sets(PATHS))}),
        sockets={
            Socket("listen", "inet", "tcp", "0.0.0.0", port) for port in draw(st.sets(st.integers(1, 3)))
        },
        syscalls=draw(st.none() | COUNTS),
        compat_syscalls=draw(st.dictionaries(st.sampled_from(["i386", "x32"]), COUNTS)),
        arguments=draw(st.none() | ARGUMENTS),
        capabilities=draw(st.none() | CAPABILITIES),
        unrecorded=draw(
            st.dictionaries(st.sampled_from(["syscalls", "capabilities"]), st.sampled_from("ab"))
        ),
        resources=Resources(memory_peak_bytes=draw(st.none() | st.integers(0, 9))),
    )


@given(evidences())
def test_merging_with_itself_changes_nothing(a):
    """Idempotent."""
    assert merge(a, a) == a


@given(evidences(), evidences(), evidences())
def test_the_order_of_merging_does_not_matter(a, b, c):
    """Associative."""
    assert merge(merge(a, b), c) == merge(a, merge(b, c))


@given(evidences(), evidences())
def test_nothing_that_was_observed_is_lost(a, b):
    """What one of them used is used; what one missed and the other found is found."""
    both = merge(a, b)
    assert both.paths.keys() == a.paths.keys() | b.paths.keys()
    assert both.missing.keys() == (a.missing.keys() | b.missing.keys()) - both.paths.keys()
    assert both.sockets == a.sockets | b.sockets


@given(evidences())
def test_the_document_gives_back_what_was_written(a):
    """And is the same each time."""
    assert decode(encode(a), "x") == a
    assert encode(decode(encode(a), "x")) == encode(a)


def test_other_images_are_not_merged():
    """Their paths mean other files."""
    one, other = (
        Evidence(ImageIdentity("app", digest, "linux/amd64")) for digest in ("sha256:0", "sha256:1")
    )
    with pytest.raises(UsageError, match="different images"):
        merge(one, other)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"image": 3}', b"\xff", b"[" * 100_000])
def test_a_document_that_is_no_evidence_is_refused(raw):
    """With the file's name."""
    with pytest.raises(InvalidInputError, match=r"evil\.json"):
        decode(raw, "evil.json")


def test_a_document_of_another_version_is_refused():
    """Rather than read wrongly."""
    raw = encode(Evidence(ImageIdentity("app", "sha256:0", "linux/amd64"), schema="jettison.evidence/9"))
    with pytest.raises(InvalidInputError, match="evidence/9"):
        decode(raw, "x")
