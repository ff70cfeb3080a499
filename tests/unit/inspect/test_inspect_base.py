"""The base of an image, by what its source says; the image that is meant, where a source has several."""

from pathlib import Path

import pytest

from builders import Item, archive, image_of, layer_tar
from jettison.errors import UsageError
from jettison.image.digest import Digest
from jettison.inspect.base import Candidate
from jettison.inspect.model import BaseFacts
from jettison.inspect.scan import inspect_image
from jettison.stores.open import open_image
from layouts import Layout

LOWER, UPPER = [Item("etc/os-release", b"ID=debian\n")], [Item("app", b"1")]
NAME, DIGEST = "org.opencontainers.image.base.name", "org.opencontainers.image.base.digest"
HISTORY = [
    {"created_by": "ADD rootfs.tar / # buildkit"},
    {"created_by": 'CMD ["sh"]', "empty_layer": True},
    {"created_by": "COPY app / # buildkit"},
    {"created_by": 'CMD ["/app"]', "empty_layer": True},
]
ATTESTATION = {"vnd.docker.reference.type": "attestation-manifest"}


def base_of(reference: str, *candidates: Candidate) -> BaseFacts:
    return inspect_image(open_image(reference), candidates=candidates).document.base


def labelled(tmp_path: Path, **labels: str) -> str:
    return archive(tmp_path, (LOWER, UPPER), config={"Labels": labels}, history=HISTORY)


def annotated(tmp_path: Path, annotations: dict[str, str], labels: dict[str, str]) -> str:
    layout = Layout(tmp_path)
    config = {"config": {"Labels": labels}, "history": HISTORY}
    return layout.finish(layout.image(LOWER, UPPER, config=config, manifest={"annotations": annotations}))


def test_an_annotation_of_the_manifest_names_the_base(tmp_path):
    found = base_of(annotated(tmp_path, {NAME: "debian:12", DIGEST: "sha256:1"}, {NAME: "other:1"}))
    assert (found.name, found.digest, found.how) == ("debian:12", "sha256:1", "annotation")
    assert (found.layers, found.entries) == (1, 2)


def test_a_label_names_the_base(tmp_path):
    found = base_of(labelled(tmp_path, **{NAME: "debian:12", DIGEST: "sha256:1"}))
    assert (found.name, found.digest, found.how, found.layers) == ("debian:12", "sha256:1", "label", 1)


def test_equal_layers_say_more_than_a_guess(tmp_path):
    candidate = Candidate("mybase:1", (Digest.of(layer_tar(LOWER)),))
    found = base_of(labelled(tmp_path), candidate)
    assert (found.name, found.how, found.layers, found.entries) == ("mybase:1", "equal layers", 1, 2)


def test_layers_of_another_image_are_no_base(tmp_path):
    other = Candidate("other:1", (Digest.of(layer_tar(UPPER)),))
    assert base_of(labelled(tmp_path), other).how == "history"


def test_the_history_s_marks_are_a_guess_that_says_so(tmp_path):
    found = base_of(labelled(tmp_path))
    assert (found.name, found.how, found.layers, found.entries) == ("", "history", 1, 2)


def test_the_name_of_a_base_cannot_move_the_cursor(tmp_path):
    assert "\x1b" not in base_of(labelled(tmp_path, **{NAME: "debian\x1b[2J"})).name


def test_the_image_of_the_platform_is_inspected_and_never_an_attestation(tmp_path):
    layout = Layout(tmp_path)
    images = [
        layout.image(
            [Item("arch", arch.encode())], architecture=arch, platform={"os": "linux", "architecture": arch}
        )
        for arch in ("arm64", "amd64")
    ]
    unknown = {"os": "unknown", "architecture": "unknown"}
    attestation = layout.image([Item("evil", b"x")], platform=unknown, annotations=ATTESTATION)
    reference = layout.finish(layout.index(attestation, *images))
    for arch in ("arm64", "amd64"):
        found = inspect_image(open_image(reference, platform=f"linux/{arch}")).document
        assert (found.image.platform, found.sizes.on_disk) == (f"linux/{arch}", len(arch))


def test_of_several_images_one_must_be_named(tmp_path):
    layout = Layout(tmp_path)
    images = [
        layout.image([Item(name, name.encode())], annotations={"org.opencontainers.image.ref.name": name})
        for name in ("one", "three")
    ]
    reference = layout.finish(*images)
    with pytest.raises(UsageError, match="images"):
        open_image(reference)
    assert inspect_image(open_image(f"{reference}:three")).document.sizes.on_disk == 5


def test_what_each_instruction_added_changed_and_removed(tmp_path):
    lower = [
        *(Item("d", None), Item("d/keep", b"1"), Item("d/change", b"2"), Item("d/gone", b"3")),
        *(Item("e", None), Item("e/f", b"4")),
    ]
    upper = [
        Item("d", None),
        Item("d/change", b"22"),
        Item("d/.wh.gone"),
        Item("e", b"file"),
        Item("new", b"5"),
    ]
    layers = inspect_image(image_of(tmp_path, lower, upper)).document.layers
    assert (layers[0].files, layers[0].changed, layers[0].removed) == (4, 0, 0)
    assert (layers[1].added, layers[1].changed, layers[1].removed) == (1, 1, 2)
