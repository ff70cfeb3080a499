"""Images of a real Podman."""

import subprocess
from collections.abc import Iterator

import pytest
from registries import serving

from builders import Item, archive, image_of
from jettison.errors import NotFoundError
from jettison.image.model import image_id
from jettison.image.validate import validate
from jettison.layers.tree import FileTree
from jettison.stores.copy import copy_image
from jettison.stores.open import open_image
from jettison.stores.publish import publish

pytestmark = pytest.mark.integration
LAYERS = [
    [Item("d", None), Item("d/a", b"x" * 5000), Item("l", link="d/a")],
    [Item("d/.wh.a"), Item("b", b"y")],
]
NAME = "lab-reg/app:1"


def run(*command: object) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(autouse=True)
def no_images_left() -> Iterator[list[str]]:
    made = [NAME]
    yield made
    subprocess.run(["podman", "rmi", "-f", *made], capture_output=True)


def shape(image) -> list[tuple]:
    return [(n.path, n.kind, n.mode, n.uid, n.size, n.mtime_ns, n.target) for n in FileTree.of(image).walk()]


def test_what_is_published_podman_has_under_the_same_id_and_gives_back(tmp_path):
    original = image_of(tmp_path, *LAYERS, config={"Env": ["A=1"], "Cmd": ["/b"]})
    done = publish(original, f"podman:{NAME}")
    assert done.digest == image_id(original)
    assert run("podman", "image", "inspect", "-f", "{{.Id}}", NAME) == image_id(original).hex
    again = open_image(f"podman:{NAME}")
    assert shape(again) == shape(original)
    assert again.raw_config == original.raw_config
    assert validate(again) == []


@pytest.mark.parametrize("form", ["docker-archive", "oci"])
def test_what_podman_loaded_keeps_its_config(tmp_path, form, no_images_left):
    source = archive(tmp_path, LAYERS, name=f"localhost/{NAME}")
    reference = source if form == "docker-archive" else f"oci:{tmp_path}/layout:1"
    if form == "oci":
        copy_image(source, reference)
    identity = run("podman", "pull", "-q", reference)
    no_images_left.append(identity)
    run("podman", "tag", identity, NAME)
    found = open_image(f"podman:{NAME}")
    assert image_id(found).hex == identity
    assert shape(found) == shape(open_image(source))


def test_what_podman_lacks_is_not_found():
    with pytest.raises(NotFoundError, match="Podman"):
        open_image("podman:lab-reg/missing:1")


def test_an_image_is_the_same_through_every_transport(tmp_path):
    source = archive(tmp_path, LAYERS)
    original = open_image(source)
    with serving(tmp_path / "registry") as host:
        places = [
            f"oci:{tmp_path}/o:1",
            f"oci-archive:{tmp_path}/o.tar:1",
            f"docker-archive:{tmp_path}/d.tar:{NAME}",
            f"podman:{NAME}",
            f"docker://{host}/{NAME}",
        ]
        for place in places:
            copy_image(source, place)
            found = open_image(place)
            assert found.raw_config == original.raw_config
            assert shape(found) == shape(original)
