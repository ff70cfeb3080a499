"""Pulling from and pushing to real registries, held against skopeo."""

import json
import random
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from registries import BASIC, serving, with_passwords, with_tokens

from builders import Item, archive, image_of
from jettison.errors import RemoteError, UsageError
from jettison.image.model import image_id
from jettison.image.reference import parse_reference
from jettison.image.validate import validate
from jettison.layers.tree import FileTree
from jettison.stores.copy import copy_image
from jettison.stores.open import open_image
from jettison.stores.publish import publish
from jettison.stores.registry import write
from jettison.stores.registry.referrers import Attachment, attach

pytestmark = pytest.mark.integration
NOISE = random.Random(1).randbytes(2_000_000)
LAYERS = [
    [Item("d", None), Item("d/a", NOISE), Item("l", link="d/a")],
    [Item("d/.wh.a"), Item("b", NOISE[::-1])],
]


@pytest.fixture(autouse=True)
def own_files(monkeypatch, tmp_path):
    """A cache and credentials of its own for each test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "auth.json"))


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("registry")) as host:
        yield host


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    with with_passwords(tmp_path_factory.mktemp("passwords") / "r") as host:
        yield host


@pytest.fixture(scope="module")
def scopes() -> list[str]:
    return []


@pytest.fixture(scope="module")
def tokens(tmp_path_factory, scopes):
    with with_tokens(tmp_path_factory.mktemp("tokens") / "r", scopes) as host:
        yield host


@pytest.fixture
def log_in(tmp_path):
    def log_in(host: str, auth: str = BASIC) -> None:
        (tmp_path / "auth.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))

    return log_in


def skopeo(*arguments: str) -> None:
    done = subprocess.run(["skopeo", "copy", "-q", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def inspect(reference: str) -> bytes:
    """The manifest as skopeo reads it."""
    command = ["skopeo", "inspect", "--raw", "--tls-verify=false", reference]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


def shape(image) -> list[tuple]:
    return [(n.path, n.kind, n.mode, n.uid, n.size, n.mtime_ns, n.target) for n in FileTree.of(image).walk()]


def test_what_is_pushed_skopeo_pulls_and_the_other_way_round(registry, tmp_path):
    source = archive(tmp_path, LAYERS)
    original = open_image(source)
    publish(original, f"docker://{registry}/ours/app:1")
    skopeo("--src-tls-verify=false", f"docker://{registry}/ours/app:1", f"oci:{tmp_path}/theirs:1")
    theirs = open_image(f"oci:{tmp_path}/theirs:1")
    assert image_id(theirs) == image_id(original)
    assert shape(theirs) == shape(original)

    skopeo("--dest-tls-verify=false", source, f"docker://{registry}/theirs/app:1")
    pulled = open_image(f"docker://{registry}/theirs/app:1")
    assert image_id(pulled) == image_id(original)
    assert shape(pulled) == shape(original)
    assert validate(pulled) == []


def test_a_copy_keeps_the_manifest_through_every_registry_and_layout(registry, tmp_path):
    skopeo("--dest-tls-verify=false", archive(tmp_path, LAYERS), f"docker://{registry}/chain/a:1")
    places = [f"docker://{registry}/chain/a:1", f"oci:{tmp_path}/o:1", f"docker://{registry}/chain/b:2"]
    places += [f"oci-archive:{tmp_path}/o.tar:1", f"docker://{registry}/chain/c:3"]
    digests = {str(open_image(places[0]).manifest_digest)}
    for source, destination in pairwise(places):
        digests.add(str(copy_image(source, destination).digest))
    assert len(digests) == 1
    pinned = f"docker://{registry}/chain/c@{digests.pop()}"
    assert shape(open_image(pinned)) == shape(open_image(places[0]))


def test_layers_of_the_same_registry_are_mounted_not_moved(registry, tmp_path):
    publish(image_of(tmp_path, *LAYERS), f"docker://{registry}/mount/a:1")
    copy_image(f"docker://{registry}/mount/a:1", f"docker://{registry}/mount/b:1")
    assert list(Path(tmp_path, "cache/jettison").glob("blobs/sha256-*")) == []
    assert shape(open_image(f"docker://{registry}/mount/b:1"))


def test_large_layers_go_in_chunks(registry, tmp_path, monkeypatch):
    monkeypatch.setattr(write, "UPLOAD_CHUNK_BYTES", 700_000)
    original = image_of(tmp_path, *LAYERS)
    publish(original, f"docker://{registry}/chunks/app:1")
    assert shape(open_image(f"docker://{registry}/chunks/app:1")) == shape(original)


def test_passwords_are_asked_for_and_used(guarded, tmp_path, log_in):
    original = image_of(tmp_path, *LAYERS)
    name = f"docker://{guarded}/app:1"
    with pytest.raises(RemoteError) as caught:
        publish(original, name)
    assert "log in" in caught.value.hint
    log_in(guarded, "c2FpbG9yOndyb25n")
    with pytest.raises(RemoteError) as caught:
        publish(original, name)
    assert "wrong" not in str(caught.value)
    log_in(guarded)
    publish(original, name)
    assert shape(open_image(name)) == shape(original)


def test_tokens_are_fetched_for_what_is_done_and_no_more(tokens, scopes, tmp_path, log_in):
    original = image_of(tmp_path, *LAYERS)
    with pytest.raises(RemoteError):
        publish(original, f"docker://{tokens}/app:1")
    log_in(tokens)
    publish(original, f"docker://{tokens}/app:1")
    (tmp_path / "auth.json").unlink()
    scopes.clear()
    assert shape(open_image(f"docker://{tokens}/app:1")) == shape(original)
    assert set(scopes) == {"repository:app:pull"}
    log_in(tokens)
    scopes.clear()
    copy_image(f"docker://{tokens}/app:1", f"docker://{tokens}/mounted:1")
    assert "repository:app:pull" in scopes
    assert "repository:mounted:pull,push" in scopes


def test_documents_are_attached_by_the_tag_where_a_registry_has_no_referrers(registry, tmp_path):
    name = f"docker://{registry}/attached/app:1"
    digest = publish(open_image(archive(tmp_path, LAYERS)), name).digest
    documents = [Attachment(each, f"application/x-{each}", each.encode()) for each in ("one", "two")]
    for _ in range(2):
        attach(parse_reference(name), digest, documents)
    tag = str(digest).replace(":", "-")
    url = f"docker://{registry}/attached/app"
    index = json.loads(inspect(f"{url}:{tag}"))
    assert [entry["artifactType"] for entry in index["manifests"]] == [
        "application/x-one",
        "application/x-two",
    ]
    manifest = json.loads(inspect(f"{url}@{index['manifests'][1]['digest']}"))
    assert manifest["subject"]["digest"] == str(digest)
    assert manifest["layers"][0]["size"] == 3
    assert open_image(name).manifest_digest == digest


def test_the_source_itself_is_never_overwritten(registry, tmp_path):
    publish(image_of(tmp_path, *LAYERS), f"docker://{registry}/same/app:1")
    with pytest.raises(UsageError):
        copy_image(f"docker://{registry}/same/app:1", f"docker://{registry}/same/app:1")
