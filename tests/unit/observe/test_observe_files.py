"""Evidence as a document."""

import pytest

from jettison.errors import InvalidInputError, UsageError
from jettison.observe import files
from jettison.observe.evidence import (
    Access,
    Evidence,
    Exec,
    ImageIdentity,
    Operation,
    Phase,
    Run,
    Socket,
    Write,
    WriteOperation,
)


def some_evidence():
    return Evidence(
        image=ImageIdentity("app:1", "sha256:0", "linux/amd64"),
        runs=[Run("1", ("app",), ("start",), {"start": 0.5}, 3)],
        paths={
            "/b": Access({Operation.OPEN, Operation.STAT}, {Phase.START}, {"/x", "/w"}, {"start"}),
            "/a": Access(),
        },
        writes={"/c": Write({WriteOperation.CREATE}, {Phase.SERVE}, set(), "file")},
        execs=[Exec("/bin/app", ("app",))],
        sockets={Socket("listen", "inet", "tcp", "::", 80), Socket("connect", "unix", "stream", "/s")},
    )


def test_a_document_reads_back_as_what_was_written(tmp_path):
    path = tmp_path / "evidence.json"
    path.write_bytes(files.encode(some_evidence()))
    assert files.load(path) == some_evidence()


def test_equal_evidence_gives_equal_bytes():
    assert files.encode(some_evidence()) == files.encode(some_evidence())
    assert files.encode(some_evidence()).index(b'"/a"') < files.encode(some_evidence()).index(b'"/b"')


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        (b"", "truncated"),
        (b"[]", "object"),
        (b"{}", "image"),
        (b"\xff", "evidence"),
        (files.encode(some_evidence()).replace(b'"stat"', b'"glance"'), "$.paths[...].operations[1]"),
        (files.encode(some_evidence()).replace(b'"port":80', b'"port":"80"'), "$.sockets[1].port"),
        (files.encode(some_evidence()).replace(b"jettison.evidence/1", b"jettison.evidence/9"), "schema"),
    ],
)
def test_a_malformed_document_is_refused_with_the_place(tmp_path, raw, where):
    path = tmp_path / "evidence.json"
    path.write_bytes(raw)
    with pytest.raises(InvalidInputError) as refused:
        files.load(path)
    assert where in str(refused.value)
    assert str(path) in str(refused.value)


def test_a_document_that_is_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_EVIDENCE_BYTES", 10)
    path = tmp_path / "evidence.json"
    path.write_bytes(files.encode(some_evidence()))
    with pytest.raises(InvalidInputError, match="larger"):
        files.load(path)


def test_a_file_that_cannot_be_read_is_a_matter_of_usage(tmp_path):
    with pytest.raises(UsageError):
        files.load(tmp_path / "none.json")


def test_evidence_without_runs_decides_nothing():
    assert some_evidence().complete
    assert not Evidence(image=some_evidence().image).complete
