"""The engine's client and store against an engine that answers as the test says."""

import base64
import gzip
import hashlib
import json
import os
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from builders import Item, layer_tar
from jettison.errors import DigestError, HostError, InvalidInputError, NotFoundError, RemoteError, UsageError
from jettison.image.digest import Digest
from jettison.layers.entry import Kind
from jettison.layers.tree import FileTree
from jettison.stores.docker_daemon.client import Engine
from jettison.stores.docker_daemon.tarsplit import StoredLayer
from jettison.stores.open import open_image
from jettison.stores.publish import publish

LAYER = layer_tar(
    [Item("d", None, mode=0o750), Item("d/a", b"x" * 2000), Item("d/b", b""), Item("l", link="d/a")]
)
DIFF_ID = "sha256:" + hashlib.sha256(LAYER).hexdigest()
CONFIG = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"diff_ids": [DIFF_ID]}}).encode()
ID = "sha256:" + hashlib.sha256(CONFIG).hexdigest()
SAVED = layer_tar(
    {
        "c.json": CONFIG,
        "layer.tar": LAYER,
        "manifest.json": json.dumps(
            [{"Config": "c.json", "RepoTags": ["app:1"], "Layers": ["layer.tar"]}]
        ).encode(),
    }
)


class FakeEngine(socketserver.ThreadingUnixStreamServer):
    """Answers GET and POST by path; `answers` may be changed while it runs."""

    daemon_threads = True

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), Handler)
        self.host = f"unix://{path}"
        self.answers: dict[str, object] = {"/_ping": "OK"}
        self.version = "1.41"
        self.loaded = b""
        self.asked: list[str] = []

    def handle_error(self, *_: object) -> None:
        """Clients hang up in these tests."""


class Handler(BaseHTTPRequestHandler):
    """Looks the answer up: bytes, text, JSON, a status, or None to hang up."""

    server: FakeEngine
    protocol_version = "HTTP/1.1"

    def address_string(self) -> str:
        return "test"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        path = self.path if self.path == "/_ping" else "/" + self.path.split("/", 2)[2]
        self.answer(self.server.answers.get(path, 404))

    def do_POST(self) -> None:
        self.server.asked.append(self.path)
        body = bytearray()
        while size := int(self.rfile.readline(100), 16):
            body += self.rfile.read(size)
            self.rfile.readline(10)
        self.rfile.readline(10)
        self.server.loaded = bytes(body)
        self.answer(self.server.answers.get("/images/load", b""))

    def answer(self, value: object) -> None:
        if value is None:
            self.close_connection = True
            return
        status = 200
        if isinstance(value, int):
            status, value = value, {"message": "says \x1b[31mno"}
        data = (
            value
            if isinstance(value, bytes)
            else value.encode()
            if isinstance(value, str)
            else json.dumps(value).encode()
        )
        self.send_response(status)
        if self.server.version:
            self.send_header("Api-Version", self.server.version)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def engine(tmp_path) -> Iterator[FakeEngine]:
    with FakeEngine(tmp_path / "s") as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def image(engine) -> FakeEngine:
    """An engine with the image `app:1`, in a store that cannot be used in place."""
    engine.answers |= {
        "/images/app:1/json": {"Id": ID, "GraphDriver": {"Name": "vfs"}},
        f"/images/{ID}/get": SAVED,
    }
    return engine


def test_an_image_is_read_from_the_stream_that_the_engine_saves(image):
    found = open_image("docker-daemon:app:1", docker_host=image.host)
    assert (found.raw_config, found.reference) == (CONFIG, "docker-daemon:app:1")
    tree = FileTree.of(found)
    assert tree.read(tree.get(b"d/a")) == b"x" * 2000


def test_the_variable_docker_host_is_honoured(image, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", image.host)
    assert open_image("app:1").raw_config == CONFIG


@pytest.mark.parametrize(
    ("version", "spoken"), [("1.24", "v1.24"), ("1.41", "v1.41"), ("1.99", "v1.47"), ("2.0", "v1.47")]
)
def test_the_newest_version_that_both_speak_is_used(engine, version, spoken):
    engine.version = version
    engine.answers["/info"] = {}
    with Engine(engine.host) as client:
        client.info()
    assert engine.asked == ["/_ping", f"/{spoken}/info"]


@pytest.mark.parametrize("version", ["1.12", "", "x.y", "1", "1.2.3"])
def test_what_is_no_engine_that_we_know_is_refused(engine, version):
    engine.version = version
    with Engine(engine.host) as client, pytest.raises(RemoteError):
        client.info()


def test_an_image_that_the_engine_does_not_have_is_not_found(engine):
    with pytest.raises(NotFoundError, match="app:2"):
        open_image("docker-daemon:app:2", docker_host=engine.host)


@pytest.mark.parametrize(
    "answer", [500, 400, b"{", b"[]", {}, {"Id": 3}, {"Id": "x"}, None, b'{"a":"' + b"x" * 5_000_000 + b'"}']
)
def test_an_engine_that_fails_or_talks_nonsense_is_an_error_that_says_so(image, answer):
    image.answers["/images/app:1/json"] = answer
    with pytest.raises((RemoteError, InvalidInputError)) as caught:
        open_image("app:1", docker_host=image.host)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("answer", [b"", SAVED[:3000], b"junk" * 1000, 500, None])
def test_a_stream_that_is_cut_off_is_an_error(image, answer):
    image.answers[f"/images/{ID}/get"] = answer
    with pytest.raises((RemoteError, InvalidInputError)):
        FileTree.of(open_image("app:1", docker_host=image.host))


@pytest.mark.parametrize("host", ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:9"])
def test_no_engine_is_a_host_error_with_a_remedy(host):
    with pytest.raises(HostError, match="no Docker engine") as caught:
        open_image("docker-daemon:app", docker_host=host)
    assert caught.value.hint


@pytest.mark.parametrize("host", ["ssh://me@host", "x", "ftp://a", "tcp://"])
def test_an_address_that_is_not_understood_is_a_usage_error(host):
    with pytest.raises(UsageError):
        open_image("app", docker_host=host)


def test_missing_certificates_are_a_host_error(tmp_path):
    environment = {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path)}
    with pytest.raises(HostError, match="certificates"):
        Engine("tcp://127.0.0.1:9", environment)


def test_an_image_is_loaded_and_looked_up_again(image):
    image.answers["/images/new:2/json"] = {"Id": ID, "RootFS": {"Layers": [DIFF_ID]}}
    published = publish(open_image("app:1", docker_host=image.host), "new:2", docker_host=image.host)
    assert published.digest == Digest(ID)
    assert b'"RepoTags":["new:2"]' in image.loaded
    assert LAYER in image.loaded


@pytest.mark.parametrize(
    ("answer", "layers"),
    [
        (b'{"stream":"Loading"}\n{"error":"no space \\u001b[2J","errorDetail":{}}\n', [DIFF_ID]),
        (500, [DIFF_ID]),
        (b"", []),
        (b"", None),
        (b"", ["sha256:" + "a" * 64]),
        (None, [DIFF_ID]),
    ],
)
def test_an_image_that_the_engine_did_not_take_is_an_error(image, answer, layers):
    image.answers |= {"/images/load": answer, "/images/new:2/json": {"RootFS": {"Layers": layers}}}
    with pytest.raises(RemoteError) as caught:
        publish(open_image("app:1", docker_host=image.host), "new:2", docker_host=image.host)
    assert "\x1b" not in str(caught.value)


def stored(folder: Path, records: list[dict]) -> StoredLayer:
    """A layer of an engine's store: `LAYER` unpacked by hand, and `records` of its headers."""
    diff = folder / "diff"
    (diff / "d").mkdir(parents=True)
    (diff / "d/a").write_bytes(b"x" * 2000)
    (diff / "d/b").write_bytes(b"")
    (diff / "l").symlink_to("d/a")
    headers = folder / "tar-split.json.gz"
    headers.write_bytes(gzip.compress(b"".join(json.dumps(record).encode() + b"\n" for record in records)))
    return StoredLayer(Digest(DIFF_ID), diff, headers)


def segment(data: bytes) -> dict:
    return {"type": 2, "payload": base64.b64encode(data).decode()}


def content(name: str, size: int) -> dict:
    return {"type": 1, "name": name, "size": size, "payload": "AAAA"}


START = LAYER.index(b"x" * 2000)
RECORDS = [
    segment(LAYER[:700]),
    segment(LAYER[700:START]),
    content("d/a", 2000),
    segment(LAYER[START + 2000 :]),
    content("d/b", 0),
]


def test_the_engines_headers_give_the_entries_and_its_folder_the_tar(tmp_path):
    layer = stored(tmp_path, RECORDS)
    found = {entry.path: entry for entry in layer.entries()}
    assert list(found) == [b"d", b"d/a", b"d/b", b"l"]
    assert (found[b"d"].mode, found[b"d/a"].size, found[b"l"].kind) == (0o750, 2000, Kind.SYMLINK)
    with layer.open() as stream:
        assert stream.read(10**6) == LAYER


def test_a_folder_that_was_tampered_with_is_noticed(tmp_path):
    layer = stored(tmp_path, RECORDS)
    (layer.directory / "d/a").write_bytes(b"y" * 2000)
    with layer.open() as stream, pytest.raises(DigestError):
        stream.read(10**6)
    (layer.directory / "d/a").write_bytes(b"x" * 1999)
    with layer.open() as stream, pytest.raises(HostError):
        stream.read(10**6)
    (layer.directory / "d/a").unlink()
    (layer.directory / "d/a").symlink_to("/etc/passwd")
    with layer.open() as stream, pytest.raises(HostError):
        stream.read(10**6)


@pytest.mark.parametrize(
    "records",
    [
        [segment(LAYER[:100])],
        [segment(LAYER[:START])],
        [content("d/a", 2000)],
        [segment(LAYER[:START]), content("d/a", 5000), segment(LAYER[START + 2000 :])],
        [segment(LAYER[:START]), content("d/a", 10), segment(LAYER[START + 2000 :])],
        [{"type": "x"}],
        [{"type": 2, "payload": "not base64!"}],
    ],
)
def test_headers_that_contradict_themselves_are_refused(tmp_path, records):
    with pytest.raises(InvalidInputError):
        list(stored(tmp_path, records).entries())


def test_headers_that_are_cut_off_are_refused(tmp_path):
    layer = stored(tmp_path, RECORDS)
    layer.headers.write_bytes(layer.headers.read_bytes()[:-30])
    with pytest.raises(InvalidInputError):
        list(layer.entries())
    layer.headers.unlink()
    with pytest.raises(HostError):
        list(layer.entries())


def store(root: Path) -> None:
    """An engine's data folder with the image, its only layer unpacked by hand."""
    layer = stored(root / "tmp", RECORDS)
    config = root / "image/overlay2/imagedb/content" / ID.replace(":", "/")
    entry = root / "image/overlay2/layerdb" / DIFF_ID.replace(":", "/")
    for folder in (config.parent, entry, root / "overlay2/abc123"):
        folder.mkdir(parents=True)
    config.write_bytes(CONFIG)
    (entry / "diff").write_text(DIFF_ID)
    (entry / "cache-id").write_text("abc123")
    layer.headers.rename(entry / "tar-split.json.gz")
    layer.directory.rename(root / "overlay2/abc123/diff")


@pytest.fixture
def in_place(image, tmp_path) -> Path:
    """The data folder of an engine whose layers can be used in place."""
    root = tmp_path / "docker"
    store(root)
    image.answers |= {
        "/images/app:1/json": {"Id": ID, "GraphDriver": {"Name": "overlay2"}},
        "/info": {"DockerRootDir": str(root), "DriverStatus": [["Native Overlay Diff", "true"]]},
    }
    return root


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root reads an engine's folders")


@needs_root
def test_root_uses_the_engines_folders_in_place(image, in_place):
    found = open_image("app:1", docker_host=image.host)
    assert found.layers[0].directory == in_place / "overlay2/abc123/diff"
    tree = FileTree.of(found)
    assert tree.read(tree.get(b"d/a")) == b"x" * 2000
    assert not any(path.endswith("/get") for path in image.asked)


@needs_root
@pytest.mark.parametrize(
    ("file", "text"),
    [
        (f"image/overlay2/layerdb/{DIFF_ID.replace(':', '/')}/diff", "sha256:" + "a" * 64),
        (f"image/overlay2/layerdb/{DIFF_ID.replace(':', '/')}/cache-id", "../../../etc"),
        (f"image/overlay2/layerdb/{DIFF_ID.replace(':', '/')}/cache-id", "missing"),
        (f"image/overlay2/imagedb/content/{ID.replace(':', '/')}", "{}"),
    ],
)
def test_a_store_that_is_not_what_the_engine_says_is_not_used(image, in_place, file, text):
    (in_place / file).write_text(text)
    assert open_image("app:1", docker_host=image.host).layers[0].directory is None


@needs_root
@pytest.mark.parametrize("status", [[], [["Native Overlay Diff", "false"]], None, 3])
def test_a_store_with_renamed_folders_is_not_used(image, in_place, status):
    image.answers["/info"] = {"DockerRootDir": str(in_place), "DriverStatus": status}
    assert open_image("app:1", docker_host=image.host).layers[0].directory is None
