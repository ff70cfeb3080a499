"""Registries and engines that die or lie at each step: the right error, and no tag before all is there."""

import json
import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from builders import Item, image_of
from jettison.errors import HostError, RefusedError, RemoteError
from jettison.image.digest import Digest
from jettison.image.model import image_id
from jettison.layers.tree import FileTree
from jettison.stores.open import open_image
from jettison.stores.publish import publish
from jettison.stores.registry import patience

LAYERS = [[Item("a", b"x" * 50_000)], [Item("b", b"y" * 50_000)]]
FAULTS = ("hang up", "hang up in the answer", 500, 503, 401, 404, "html", "wrong digest", "endless redirect")


@dataclass
class Server:
    """A registry or an engine in memory: after `at` right answers it gives `fault`."""

    fault: object = None
    at: int = -1
    asked: int = 0
    uploads: dict[str, bytes] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, bytes] = field(default_factory=dict)
    loaded: bytes = b""
    lock: threading.Lock = field(default_factory=threading.Lock)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_: Server

    def log_message(self, *_: object) -> None:
        pass

    def address_string(self) -> str:
        return "client"

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            data = b""
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return data
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def answer(self) -> None:
        data = self.body()
        with self.server_.lock:
            self.server_.asked += 1
            due = self.server_.asked > self.server_.at >= 0
        if not due or not self.misbehave(self.server_.fault):
            self.behave(data)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = answer

    def misbehave(self, fault: object) -> bool:
        if fault == "hang up":
            self.close_connection = True
        elif fault == "hang up in the answer":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.send_header("Api-Version", "1.41")
            self.end_headers()
            self.wfile.write(b'{"half')
            self.close_connection = True
        elif isinstance(fault, int):
            self.reply(fault, b'{"message":"no","errors":[{"message":"no"}]}')
        elif fault == "html":
            self.reply(200, b"<html>sign in</html>", Content_Type="text/html")
        elif fault == "wrong digest":
            self.reply(200, b"{}", Docker_Content_Digest="sha256:" + "0" * 64)
        else:
            self.reply(307, Location=self.path)
        return True

    def behave(self, data: bytes) -> None:
        raise NotImplementedError


class _Registry(_Handler):
    def behave(self, data: bytes) -> None:
        state, url = self.server_, urlsplit(self.path)
        name = url.path.rpartition("/")[2]
        if url.path == "/v2/":
            self.reply(200)
        elif self.command == "POST":
            with state.lock:
                upload = str(len(state.uploads))
                state.uploads[upload] = b""
            self.reply(202, Location=f"/v2/app/blobs/uploads/{upload}")
        elif self.command == "PUT" and "/blobs/" in url.path:
            digest = parse_qs(url.query)["digest"][0]
            if str(Digest.of(data)) != digest:
                return self.reply(400)
            state.blobs[digest] = data
            self.reply(201)
        elif self.command == "PUT":
            state.manifests[name] = data
            self.reply(201, Docker_Content_Digest=str(Digest.of(data)))
        else:
            found = (state.blobs if "/blobs/" in url.path else state.manifests).get(name)
            self.reply(404) if found is None else self.reply(200, found)
        return None


class _Engine(_Handler):
    def behave(self, data: bytes) -> None:
        state = self.server_
        path = re.sub(r"^/v[\d.]+", "", urlsplit(self.path).path)
        if path == "/_ping":
            self.reply(200, b"OK", Api_Version="1.41")
        elif path == "/images/load":
            state.loaded = data
            self.reply(200, b'{"stream":"loaded"}')
        elif path.endswith("/json"):
            config = json.loads(state.blobs["config"])
            rootfs = {
                "RootFS": {"Layers": config["rootfs"]["diff_ids"]},
                "Id": str(Digest.of(state.blobs["config"])),
            }
            self.reply(200, json.dumps(rootfs).encode())
        elif path.endswith("/get"):
            self.reply(200, state.loaded)
        else:
            self.reply(200, b"{}")


class _UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        pass


class _TcpServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        pass


@contextmanager
def running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch, tmp_path):
    """A cache of its own, and no long waits."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "auth.json"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setattr(patience, "REGISTRY_ATTEMPTS", 2)
    monkeypatch.setattr(patience.random, "uniform", lambda *_: 0.001)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_registry_that_fails_at_any_step_of_a_push_has_no_half_image(fault, tmp_path):
    """Each request in turn is the first that goes wrong; all after it do too."""
    image = image_of(tmp_path, *LAYERS)
    for at in range(40):
        state = Server(fault, at)
        handler = type("Bound", (_Registry,), {"server_": state})
        with _TcpServer(("127.0.0.1", 0), handler) as server, running(server):
            name = f"docker://127.0.0.1:{server.server_address[1]}/app:1"
            try:
                publish(image, name)
            except (RemoteError, RefusedError):
                pass
            complete = len(state.blobs) == 3
            assert "1" not in state.manifests or complete
            if state.asked <= at:
                assert complete
                assert "1" in state.manifests
                break
    else:
        pytest.fail("it never succeeds")
    assert at > 8


@pytest.mark.parametrize("fault", FAULTS)
def test_a_registry_that_fails_at_any_step_of_a_pull_gives_no_wrong_image(fault, tmp_path, monkeypatch):
    image = image_of(tmp_path, *LAYERS)
    good = Server()
    handler = type("Bound", (_Registry,), {"server_": good})
    with _TcpServer(("127.0.0.1", 0), handler) as server, running(server):
        name = f"docker://127.0.0.1:{server.server_address[1]}/app:1"
        publish(image, name)
        for at in range(20):
            monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / f"cache-{at}"))
            good.fault, good.at, good.asked = fault, at, 0
            try:
                found = FileTree.of(open_image(name))
            except (RemoteError, RefusedError):
                continue
            assert found.read(found.get(b"b")) == b"y" * 50_000
            if good.asked <= at:
                break
        else:
            pytest.fail("it never succeeds")
    assert at > 3


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("fault", [each for each in FAULTS if each != "wrong digest"])
@pytest.mark.parametrize("way", ["save", "load"])
def test_an_engine_that_fails_at_any_step_is_told(fault, way, tmp_path):
    image = image_of(tmp_path, *LAYERS)
    archive = next(Path(tmp_path).glob("*.tar")).read_bytes()
    for at in range(10):
        state = Server(fault, at, blobs={"config": image.raw_config}, loaded=archive)
        path = str(tmp_path / "s")
        Path(path).unlink(missing_ok=True)
        with _UnixServer(path, type("Bound", (_Engine,), {"server_": state})) as server, running(server):
            try:
                if way == "load":
                    publish(image, "docker-daemon:app:1", docker_host=f"unix://{path}")
                else:
                    found = open_image("docker-daemon:app:1", docker_host=f"unix://{path}")
                    assert image_id(found) == image_id(image)
                    FileTree.of(found)
            except (RemoteError, RefusedError, HostError):
                assert state.asked > at
                continue
        assert state.asked <= at or fault in (404, 401, 500, 503, "html", "endless redirect")
        break
    else:
        pytest.fail("it never succeeds")
    assert at > 1
