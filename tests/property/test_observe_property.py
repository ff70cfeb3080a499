"""What comes from the application never breaks what reads it."""

from hypothesis import given
from hypothesis import strategies as st

from jettison.layers.changes import collect
from jettison.layers.entry import Entry, Kind
from jettison.layers.merge import MergedTree
from jettison.observe import files
from jettison.observe.arguments import masked
from jettison.observe.build import build_evidence, tidy
from jettison.observe.changed import Changed
from jettison.observe.evidence import (
    ImageIdentity,
    Lifecycle,
    Operation,
    Phase,
    Resources,
    WriteOperation,
)
from jettison.observe.merge import merge
from jettison.observe.sockets import parse
from jettison.observe.trace import Lookup, Trace

IMAGE = ImageIdentity("x", "sha256:0", "linux/amd64")
parts = st.sampled_from([b"", b".", b"..", b"a", b"b", b"link", b"loop", b"\xff"])
paths = st.lists(parts, max_size=6).map(lambda found: b"/" + b"/".join(found))
lookups = st.builds(
    Lookup,
    paths,
    st.sampled_from(Operation),
    st.sampled_from(Phase),
    st.just("step"),
    st.just(b"/a"),
    st.sampled_from([b"", b"/a", b"/none"]),
    st.booleans(),
    st.lists(st.sampled_from(WriteOperation), max_size=2).map(tuple),
)
TREE = MergedTree(
    [
        collect(
            [
                Entry(b"a", Kind.DIR),
                Entry(b"a/b", Kind.FILE),
                Entry(b"a/link", Kind.SYMLINK, target=b"../b"),
                Entry(b"link", Kind.SYMLINK, target=b"/a"),
                Entry(b"loop", Kind.SYMLINK, target=b"loop"),
            ]
        )
    ]
)


@given(st.lists(lookups, max_size=8), st.sets(st.sampled_from([b"a", b"b", b"a/b", b"a/c"])))
def test_any_trace_becomes_evidence_that_is_its_own_union(trace, written):
    evidence = build_evidence(
        Trace(lookups=tuple(trace)),
        TREE,
        identity=IMAGE,
        run_id="1",
        command=("x",),
        changed=Changed(frozenset(written)),
        resources=Resources(),
        lifecycle=Lifecycle(),
        responses=[],
        cpu={},
    )
    assert merge(evidence, evidence) == evidence
    assert files.decode(files.encode(evidence), "x") == evidence


@given(st.binary(max_size=140))
def test_any_bytes_are_an_address_or_none(raw):
    address = parse(raw)
    assert address is None or address.text.isprintable()


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_masking_keeps_the_number_of_arguments(arguments):
    assert len(masked(arguments)) == len(arguments)


@given(paths)
def test_tidying_twice_changes_nothing_more(path):
    assert tidy(tidy(path)) == tidy(path)
