"""Keeping the cache within bounds while others use it."""

import os
import subprocess
import sys

import pytest

from builders import image_of
from jettison.layers.unpack import unpacked
from jettison.layers.upkeep import items, prune


@pytest.fixture
def top(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/jettison"


def fill(top) -> None:
    (top / "blobs").mkdir(parents=True)
    for age in range(4):
        path = top / f"blobs/{age}"
        path.write_bytes(bytes(8192))
        os.utime(path, (1000 - age, 1000 - age))


def test_what_was_not_used_for_longest_goes_first(top):
    fill(top)
    removed = prune(items(top), 2 * 8192)
    assert [item.path.name for item in removed] == ["3", "2"]
    assert sorted(item.path.name for item in items(top)) == ["0", "1"]


def test_what_fits_stays(top):
    fill(top)
    assert prune(items(top), 4 * 8192) == []


def test_an_empty_cache_is_no_error(tmp_path):
    assert items(tmp_path / "nothing") == []


UNPACK = """
import sys; sys.path[:0] = sys.argv[2:]
from pathlib import Path
from builders import image_of
from jettison.layers.unpack import unpacked
print(unpacked(image_of(Path(sys.argv[1]), {"a": b"x" * 9000}), 0), flush=True)
sys.stdin.read(1)
"""


def test_an_unpacked_layer_stays_while_a_run_has_it_and_goes_after(top, tmp_path):
    command = [sys.executable, "-c", UNPACK, str(tmp_path), *sys.path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        folder = run.stdout.readline().strip()
        assert [str(item.path) for item in items(top) if item.kind == "layers"] == [folder]
        prune(items(top), 0)
        assert os.listdir(folder) == ["a"]
        run.communicate("\n")
    prune(items(top), 0)
    assert not os.path.exists(folder)
    assert os.listdir(unpacked(image_of(tmp_path, {"a": b"x" * 9000}), 0)) == ["a"]
