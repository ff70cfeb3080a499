"""What holds for every layer: written and read again, damaged, stacked."""

import io
import tarfile

from hypothesis import given
from hypothesis import strategies as st

from builders import Item, layer_tar
from jettison.errors import RefusedError
from jettison.image.document import canonical, parse_json
from jettison.layers import pax
from jettison.layers.changes import Changes, collect
from jettison.layers.entry import Entry, Kind
from jettison.layers.header import END, header, padding
from jettison.layers.merge import MergedTree
from jettison.layers.path import normalise, parent
from jettison.layers.tar import StreamSource, TarReader

NAMES = st.binary(min_size=1, max_size=60).filter(
    lambda name: (
        b"/" not in name and b"\0" not in name and name not in (b".", b"..") and not name.startswith(b".wh.")
    )
)
PATHS = st.lists(NAMES, min_size=1, max_size=6).map(b"/".join)
TEXTS = st.binary(min_size=1, max_size=300).filter(lambda text: b"\0" not in text)
XATTRS = st.dictionaries(
    st.binary(min_size=1, max_size=40)
    .filter(lambda name: b"\0" not in name and b"=" not in name)
    .map(lambda n: b"user." + n),
    st.binary(max_size=100),
    max_size=3,
).filter(lambda found: not any(name.startswith(b"user.overlay.") for name in found))


@st.composite
def an_entry(draw: st.DrawFn) -> tuple[Entry, bytes]:
    kind = draw(st.sampled_from([Kind.FILE, Kind.DIR, Kind.SYMLINK, Kind.HARDLINK, Kind.CHAR, Kind.FIFO]))
    content = draw(st.binary(max_size=1500)) if kind is Kind.FILE else b""
    target = draw(TEXTS) if kind is Kind.SYMLINK else draw(PATHS) if kind is Kind.HARDLINK else b""
    device = (
        draw(st.tuples(st.integers(1, 2**21 - 1), st.integers(0, 2**21 - 1))) if kind is Kind.CHAR else (0, 0)
    )
    entry = Entry(
        draw(PATHS),
        kind,
        draw(st.integers(0, 0o7777)),
        draw(st.integers(0, 2**32 - 2)),
        draw(st.integers(0, 2**32 - 2)),
        len(content),
        draw(st.integers(-(2**62), 2**62)),
        target,
        device,
        draw(XATTRS),
    )
    return entry, content


def written(items: list[tuple[Entry, bytes]]) -> bytes:
    return b"".join(header(entry) + content + padding(len(content)) for entry, content in items) + END


def read(data: bytes) -> list[tuple[Entry, bytes]]:
    reader = TarReader(StreamSource(io.BytesIO(data)), "it")
    return [(entry, b"".join(reader.content())) for entry in reader]


@given(st.lists(an_entry(), max_size=5))
def test_what_is_written_is_read_again(items):
    assert read(written(items)) == items


@given(st.lists(an_entry(), max_size=5))
def test_the_standard_library_reads_the_same(items):
    with tarfile.open(fileobj=io.BytesIO(written(items)), encoding="utf-8", errors="surrogateescape") as tar:
        found = [(m.name.encode("utf-8", "surrogateescape"), m.mode, m.uid, m.gid, m.size) for m in tar]
    assert found == [(e.path, e.mode, e.uid, e.gid, e.size) for e, _ in items]


@given(st.lists(an_entry(), min_size=1, max_size=3), st.data())
def test_damage_is_refused_or_changes_what_is_read_but_never_fails_otherwise(items, data):
    raw = bytearray(written(items))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(raw)))
    try:
        read(bytes(raw[:cut]))
    except RefusedError:
        pass


@given(st.binary(max_size=3000))
def test_arbitrary_bytes_are_refused_or_empty(data):
    try:
        assert read(data) == []
    except RefusedError:
        pass


@given(
    st.dictionaries(
        st.binary(min_size=1, max_size=99).filter(lambda key: b"=" not in key),
        st.binary(max_size=2000),
        max_size=5,
    )
)
def test_pax_records_are_read_as_written(records):
    data = b"".join(pax.record(key, value) for key, value in records.items())
    assert dict(pax.parse_records(data)) == records


@given(st.integers(-(2**62), 2**62))
def test_times_are_read_as_written(nanoseconds):
    assert pax.parse_time(pax.format_time(nanoseconds)) == nanoseconds


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_documents_are_read_as_written(value):
    assert parse_json(canonical(value), "it") == value


@given(st.binary(max_size=200))
def test_arbitrary_documents_are_refused_or_read(data):
    try:
        parse_json(data, "it")
    except RefusedError:
        pass


SHORT = st.lists(st.sampled_from([b"a", b"b", b"c"]), min_size=1, max_size=3).map(b"/".join)
STEPS = st.lists(
    st.tuples(st.sampled_from([Kind.FILE, Kind.DIR, Kind.SYMLINK, Kind.WHITEOUT, Kind.OPAQUE]), SHORT, SHORT),
    max_size=8,
)


def changes(steps: list[tuple[Kind, bytes, bytes]]) -> Changes:
    """A layer of these steps; a link may lead anywhere, in a circle too."""
    made = []
    for number, (kind, path, target) in enumerate(steps):
        made.append(Entry(path, kind, uid=number, target=target if kind is Kind.SYMLINK else b""))
    return collect(made)


def shown(tree: MergedTree) -> dict[bytes, tuple]:
    return {node.path: (node.kind, node.uid, node.target, node.layer) for node in tree.walk()}


@given(st.lists(STEPS, max_size=4))
def test_a_tree_is_always_whole(layers):
    """Every path has a folder above it, the walk gives all of them, and look-ups end."""
    try:
        tree = MergedTree(changes(steps) for steps in layers)
    except RefusedError:
        return
    found = shown(tree)
    assert len(found) == len(tree)
    for path in found:
        assert found[parent(path)][0] is Kind.DIR
        resolved = tree.resolve(path)
        assert resolved.node is None or resolved.node.kind is not Kind.SYMLINK
        assert resolved.path == normalise(resolved.path)


@given(STEPS, STEPS)
def test_a_layer_that_empties_the_root_hides_all_below_it(lower, upper):
    try:
        alone = MergedTree([changes([*upper, (Kind.OPAQUE, b"", b"")])])
        above = MergedTree([changes(lower), changes([*upper, (Kind.OPAQUE, b"", b"")])])
    except RefusedError:
        return
    strip = lambda tree: {path: value[:3] for path, value in shown(tree).items()}  # noqa: E731
    assert strip(alone) == strip(above)


@given(STEPS)
def test_a_layer_put_twice_is_the_layer_put_once(steps):
    try:
        once, twice = MergedTree([changes(steps)]), MergedTree([changes(steps), changes(steps)])
    except RefusedError:
        return
    assert {p: v[:3] for p, v in shown(once).items()} == {p: v[:3] for p, v in shown(twice).items()}


@given(
    st.lists(st.tuples(SHORT, st.binary(max_size=20)), min_size=1, max_size=6, unique_by=lambda pair: pair[0])
)
def test_the_order_of_a_tar_of_files_does_not_matter(pairs):
    def layer(ordered: list[tuple[bytes, bytes]]) -> dict[bytes, tuple]:
        data = layer_tar([Item(path + b"_", content) for path, content in ordered])
        return shown(MergedTree([collect(entry for entry, _ in read(data))]))

    assert layer(pairs) == layer(pairs[::-1])
