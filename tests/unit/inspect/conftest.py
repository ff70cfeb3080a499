"""Images for the tests of the inspection, with a cache of their own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from builders import Layer, image_of
from jettison.image.model import Image


@pytest.fixture(autouse=True)
def private_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what is unpacked out of the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture
def image(tmp_path: Path) -> Callable[..., Image]:
    """A function that makes an image of layers."""

    def make(*layers: Layer, **options: object) -> Image:
        return image_of(tmp_path, *layers, **options)

    return make
