"""One image through every transport: the same files, and the same slim image."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from registries import serving

from jettison.image.model import image_id
from jettison.layers.tree import FileTree
from jettison.stores.copy import copy_image
from jettison.stores.open import open_image

pytestmark = pytest.mark.integration
NAME = "jettison-tests/everywhere:1"


@pytest.fixture
def places(engine, tiny_image, tmp_path, podman_image) -> Iterator[list[str]]:
    """References of the same image in every transport."""
    engine.docker("tag", tiny_image, NAME)
    with serving(tmp_path / "registry") as host:
        found = [
            f"docker-archive:{tmp_path}/docker.tar:{NAME}",
            f"oci:{tmp_path}/layout:1",
            f"oci-archive:{tmp_path}/oci.tar:1",
            f"docker://{host}/{NAME}",
            podman_image(NAME),
        ]
        for place in found:
            copy_image(f"docker-daemon:{NAME}", place)
        yield [f"docker-daemon:{NAME}", *found]
    engine.docker("image", "rm", NAME)


@pytest.fixture
def everywhere(engine, monkeypatch, tmp_path) -> None:
    """This process uses the engine of the session, and a cache and credentials of its own."""
    monkeypatch.setenv("DOCKER_HOST", engine.host)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "auth.json"))


def files(reference: str) -> list[tuple]:
    return [
        (n.path, n.kind, n.mode, n.uid, n.gid, n.size, n.mtime_ns, n.target, n.xattrs)
        for n in FileTree.of(open_image(reference)).walk()
    ]


def test_every_transport_gives_the_same_files_and_the_same_slim_image(
    everywhere: None,
    places: list[str],
    jettison: Callable[..., object],
    tmp_path: Path,
):
    trees = {place: files(place) for place in places}
    ids = {image_id(open_image(place)) for place in places}
    assert len(ids) == 1
    assert all(tree == trees[places[0]] for tree in trees.values())
    assert len(trees[places[0]]) > 20
    digests = set()
    for number, place in enumerate(places):
        output = f"oci-archive:{tmp_path}/slim-{number}.tar:1"
        result = jettison("slim", place, "--output", output, "--json")
        assert result.returncode == 0, result.stderr
        digests.add(json.loads(result.stdout)["published"][0]["digest"])
    assert len(digests) == 1
