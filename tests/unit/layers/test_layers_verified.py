"""Layers that another process hashes meanwhile."""

import os
import signal
from contextlib import nullcontext

import pytest

from builders import Item, archive
from jettison.errors import DigestError, InvalidInputError
from jettison.layers import layer as layers
from jettison.layers import seals
from jettison.layers.cache import changes_of
from jettison.layers.hashing import Hashing
from jettison.layers.layer import verified_beside
from jettison.layers.seals import verified_once
from jettison.stores.open import open_image

CONTENT = b"good bytes" * 1000


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Every layer is worth a process; the cache is the test's own."""
    monkeypatch.setattr(layers, "_WORTH_A_PROCESS", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/jettison/entries"


def written(folder, *, damaged: bool = False):
    """An image of two layers, the second of which may not be what the config says."""
    reference = archive(folder, [[Item("a", b"x")], [Item("b", CONTENT)]])
    if damaged:
        path = reference.partition(":")[2]
        with open(path, "rb+") as file:
            data = file.read().replace(CONTENT, CONTENT[:-1] + b"!")
            file.seek(0)
            file.write(data)
    return open_image(reference)


def test_what_is_right_is_remembered_at_the_end_of_the_block_and_not_before(tmp_path, cache):
    image = written(tmp_path)
    with verified_beside(image.layers):
        for layer in image.layers:
            changes_of(layer)
        assert list(cache.iterdir()) == []
    assert len(list(cache.iterdir())) == 2


def test_what_is_wrong_ends_the_block_and_is_not_remembered(tmp_path, cache):
    image = written(tmp_path, damaged=True)
    with pytest.raises(DigestError, match=str(image.config.diff_ids[1])), verified_beside(image.layers):
        _ = [changes_of(layer) for layer in image.layers]
    assert [path.name for path in cache.iterdir()] == [str(image.config.diff_ids[0]).replace(":", "-")]
    with pytest.raises(DigestError):
        image.layers[1].verify()


def test_a_block_that_fails_over_what_it_read_says_first_that_it_was_wrong(tmp_path):
    for damaged, error in ((True, DigestError), (False, InvalidInputError)):
        image = written(tmp_path, damaged=damaged)
        with pytest.raises(error) as raised, verified_beside(image.layers):
            raise InvalidInputError("a header makes no sense")
        assert type(raised.value) is error


def test_a_block_that_fails_otherwise_leaves_nothing_verified_and_no_process(tmp_path, cache):
    image = written(tmp_path)
    with pytest.raises(ZeroDivisionError), verified_beside(image.layers):
        changes_of(image.layers[1]).nodes[0].size / 0
    assert list(cache.iterdir()) == []
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    assert image.layers[1].part() is not None


def test_blocks_within_the_block_and_after_it_hash_nothing_again(tmp_path, monkeypatch):
    image = written(tmp_path)
    started = []
    monkeypatch.setattr(layers, "Hashing", lambda parts: started.append(len(parts)) or Hashing(parts))
    with verified_beside(image.layers):
        for layer in image.layers:
            layer.changes()
    with verified_beside(image.layers):
        pass
    assert [count for count in started if count] == [2]


@pytest.mark.parametrize("damaged", [False, True])
def test_a_process_that_is_killed_is_replaced_by_our_own_work(tmp_path, monkeypatch, damaged):
    image = written(tmp_path, damaged=damaged)

    class Killed(Hashing):
        def __init__(self, parts):
            super().__init__(parts)
            os.kill(self._child, signal.SIGKILL)
            os.waitid(os.P_PID, self._child, os.WEXITED | os.WNOWAIT)
            while os.read(self._verdicts, 1):
                pass

    monkeypatch.setattr(layers, "Hashing", Killed)
    if damaged:
        with pytest.raises(DigestError), verified_beside(image.layers):
            pass
    else:
        with verified_beside(image.layers):
            pass
        assert image.layers[1].part() is None


@pytest.mark.parametrize("damaged", [False, True])
def test_without_another_process_it_is_our_own_work(tmp_path, monkeypatch, damaged):
    def fork():
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(os, "fork", fork)
    image = written(tmp_path, damaged=damaged)
    expected = pytest.raises(DigestError) if damaged else nullcontext()
    files = len(os.listdir("/proc/self/fd"))
    with expected, verified_beside(image.layers):
        assert [layer.part() for layer in image.layers] == [None, None]
    assert len(os.listdir("/proc/self/fd")) == files


def test_a_file_that_ends_early_is_refused(tmp_path):
    image = written(tmp_path)
    path = next(tmp_path.glob("*.tar"))
    with pytest.raises(InvalidInputError), verified_beside(image.layers):
        os.truncate(path, 3000)


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """Opens an image whose archive was touched long ago; lists what is hashed."""
    hashed = []
    monkeypatch.setattr(layers, "Hashing", lambda parts: hashed.extend(parts) or Hashing(parts))
    monkeypatch.setattr(seals, "_QUIET_NS", 0)
    written(tmp_path)
    return (lambda: open_image(f"docker-archive:{next(tmp_path.glob('*.tar'))}")), hashed


def look(image):
    """What an inspection does."""
    with verified_once(image.layers):
        _ = [changes_of(layer) for layer in image.layers]


def test_an_archive_that_nobody_touched_is_hashed_once(opened):
    image, hashed = opened
    look(image())
    look(image())
    assert len(hashed) == 2


def test_an_archive_that_was_touched_is_hashed_again_whatever_time_it_pretends(opened, tmp_path):
    image, hashed = opened
    look(image())
    path = next(tmp_path.glob("*.tar"))
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(CONTENT, CONTENT[:-1] + b"!"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    with pytest.raises(DigestError):
        look(image())
    assert len(hashed) == 4


def test_an_archive_that_was_touched_just_now_is_not_trusted_the_next_time(opened, monkeypatch):
    image, hashed = opened
    monkeypatch.setattr(seals, "_QUIET_NS", 60 * 10**9)
    look(image())
    look(image())
    assert len(hashed) == 4


def test_an_archive_that_is_touched_while_it_is_hashed_gets_no_seal(opened, tmp_path):
    image, hashed = opened
    first = image()
    with verified_once(first.layers):
        next(tmp_path.glob("*.tar")).chmod(0o600)
    look(image())
    assert len(hashed) == 4


def test_what_is_not_remembered_is_hashed_though_there_is_a_seal(opened, cache):
    image, hashed = opened
    look(image())
    for path in cache.iterdir():
        path.unlink()
    look(image())
    assert len(hashed) == 4


def test_a_damaged_archive_gets_no_seal(tmp_path, cache, monkeypatch):
    monkeypatch.setattr(seals, "_QUIET_NS", 0)
    image = written(tmp_path, damaged=True)
    with pytest.raises(DigestError):
        look(image)
    assert list((cache.parent / "seals").iterdir()) == []
