"""Trees for the tests of package readers, with a cache of their own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from builders import Layer, tree_of
from jettison.layers.tree import FileTree


@pytest.fixture(autouse=True)
def private_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what is unpacked out of the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., FileTree]:
    """A function that makes the merged tree of layers."""

    def make(*layers: Layer) -> FileTree:
        return tree_of(tmp_path, *layers)

    return make
