"""The cache of change sets."""

import pytest

from builders import Item, image_of
from jettison.errors import InvalidInputError
from jettison.image.digest import Digest
from jettison.layers.cache import changes_of, remember
from jettison.layers.changes import Changes, Node, collect
from jettison.layers.entry import Entry, Kind

EVERYTHING = collect(
    [
        Entry(b"", Kind.DIR, 0o555, mtime_ns=3),
        Entry(b"\xff\n", Kind.FILE, 0o4755, 1, 2**32 - 2, 2**40, -5, xattrs={b"user.a": b"\0\xff"}),
        Entry(b"hard", Kind.HARDLINK, target=b"\xff\n"),
        Entry(b"soft", Kind.SYMLINK, 0o777, target=b"../\xfe"),
        Entry(b"null", Kind.CHAR, device=(1, 3)),
        Entry(b"disk", Kind.BLOCK, device=(8, 0)),
        Entry(b"pipe", Kind.FIFO),
        Entry(b"a/b/c", Kind.FILE),
        Entry(b"gone", Kind.WHITEOUT),
        Entry(b"o", Kind.OPAQUE),
        Entry(b"lower", Kind.HARDLINK, target=b"elsewhere"),
    ]
)


class Layer:
    """A layer that can be read once."""

    directory = None

    def __init__(self, changes: list[Entry] | None) -> None:
        self.diff_id = Digest.of(repr(changes).encode())
        self._changes = changes

    def entries(self):
        assert self._changes is not None, "it was read again"
        yield from self._changes

    def open(self):
        raise NotImplementedError

    def forbid(self) -> None:
        self._changes = None


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "jettison/entries"


def test_a_layer_is_read_once():
    layer = Layer([Entry(b"a", Kind.FILE)])
    first = changes_of(layer)
    layer.forbid()
    assert changes_of(layer) == first


def test_everything_survives(cache):
    layer = Layer(None)
    remember(layer.diff_id, EVERYTHING)
    assert changes_of(layer) == EVERYTHING


def test_who_asks_twice_gets_two(cache):
    layer = Layer([Entry(b"a", Kind.FILE)])
    assert changes_of(layer).nodes[0] is not changes_of(layer).nodes[0]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: b"",
        lambda data: data[:10],
        lambda data: data.replace(b"1\n", b"2\n", 1),
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    ],
)
def test_a_damaged_file_is_ignored_and_mended(cache, damage):
    layer = Layer([Entry(b"a", Kind.FILE)])
    first = changes_of(layer)
    file = next(cache.iterdir())
    file.write_bytes(damage(file.read_bytes()))
    assert changes_of(layer) == first
    layer.forbid()
    assert changes_of(layer) == first


def test_a_layer_that_is_refused_is_not_remembered(tmp_path, cache):
    image = image_of(tmp_path, [Item("a", hard="a")])
    with pytest.raises(InvalidInputError):
        changes_of(image.layers[0])
    assert list(cache.iterdir()) == []


def test_without_a_cache_everything_still_works(cache):
    cache.parent.mkdir()
    cache.parent.chmod(0o777)
    assert changes_of(Layer([Entry(b"a", Kind.FILE)])) == Changes([Node(b"a", Kind.FILE)])
