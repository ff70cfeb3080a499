"""`jettison cache`, by its command line: what a pull adds is listed, and goes when it is told to."""

import os
from collections.abc import Callable

import pytest
from registries import serving

from builders import Item, archive
from jettison.image.validate import validate
from jettison.stores.copy import copy_image
from jettison.stores.open import open_image

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("registry")) as host:
        yield host


def test_what_was_pulled_is_listed_pruned_and_pulled_again(
    registry, jettison: Callable, tmp_path, monkeypatch
):
    own = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "REGISTRY_AUTH_FILE": str(tmp_path / "auth.json")}
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    layers = [[Item("a", os.urandom(300_000))], [Item("b", os.urandom(100_000))]]
    copy_image(archive(tmp_path, layers), f"docker://{registry}/cached:1")
    place = f"docker://{registry}/cached:1"
    assert jettison("inspect", place, env=own).returncode in (0, 1)
    shown = jettison("cache", "ls", env=own)
    assert shown.returncode == 0
    assert "blobs" in shown.stdout
    kept = jettison("cache", "prune", "--keep", "350k", env=own)
    assert kept.returncode == 0, kept.stderr
    left = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in left) <= 350_000
    assert jettison("cache", "prune", env=own).returncode == 0
    assert list((tmp_path / "cache/jettison/blobs").iterdir()) == []
    assert jettison("inspect", place, env=own).returncode in (0, 1)
    assert len(list((tmp_path / "cache/jettison/blobs").iterdir())) == 2


def test_what_is_only_copied_does_not_stay_in_the_cache(registry, jettison, tmp_path, monkeypatch):
    """The folder that it was copied into has it."""
    own = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "REGISTRY_AUTH_FILE": str(tmp_path / "auth.json")}
    copy_image(archive(tmp_path, [[Item("a", os.urandom(300_000))]]), f"docker://{registry}/copied:1")
    done = jettison("copy", f"docker://{registry}/copied:1", f"oci:{tmp_path}/out:1", env=own)
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "cache/jettison/blobs").iterdir()) == []
    assert validate(open_image(f"oci:{tmp_path}/out:1")) == []


def test_a_size_that_is_none_is_a_usage_error(jettison, tmp_path):
    assert jettison("cache", "prune", "--keep", "much").returncode == 2
